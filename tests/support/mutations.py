"""Mutated JSON bodies and queries: a valid one, changed at random places, the same for a seed."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

__all__ = ["MARK", "Mutations"]

# Stands in a document where text that no JSON encoder writes is to stand.
MARK = "@@raw%d@@"
RAW = (
    "NaN", "Infinity", "-Infinity", "1e400", "-1e400", "1e-400", "0x10", "01", "1.", ".5", "+1",
    "1e99999999999", "9" * 400, "-" + "9" * 5_000, "0." + "3" * 900, "'a'", "undefined", "tru",
    '"\\ud800"', '"\\udfff\\ud800"', '"\\u0000"', '"\\x41"', '"\n"', "[" * 6_000, '{"a":' * 3_000,
    "[" * 60 + "]" * 60, '{"a":' * 40 + "1" + "}" * 40, "", " ", ",", "/* c */ 1", "\ufeff1",
)  # fmt: skip
VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, -0.0, 0.1, 1e-9, 1e-30, 1e30, 1.7e308, 2**31, 2**53, 2**53 + 1,
    2**63 - 1, 2**63, -(2**63), -(2**63) - 1, 2**64, 10**18, 10**40, "", " ", "0", "-1", "0.1",
    "1e5", "1e400", "NaN", "inf", "0x1f", "१२", "9" * 300, "a" * 20_000, "\x00", "\x1b[31m",
    "\r\nSet-Cookie: a=b", "\u202e\u2066", "\U0001f600", "é" * 2_000, "../../etc/passwd", "%00",
    "'; DROP TABLE orders; --", "<script>alert(1)</script>", "{{7*7}}", "${jndi:x}", "%s%n%x",
    "graph", "graph:a:b:1", ":", "binance", "BTC-USD", "NO-SUCH", "buy", "sell", "desk", "client",
    [], {}, [None], [[]], {"": None}, [1] * 500, {"a": {"b": {"c": []}}}, [{}] * 300,
)  # fmt: skip
FIELDS = (
    "", "nodes", "symbol", "qty_1e8", "type", "__proto__", "client_id", "graph_id", "sandbox",
    "is_sandbox", "environment", "key", "scope", "a" * 3_000, "\x00", "é", "$ref", "qty", "venue",
)  # fmt: skip
JUNK = b'{}[]":,0123456789eE+-.\\u\x00\xff\xc0\xed\xa0\x80 ntf'
Place = tuple[Any, Any]


class Mutations:
    """Bodies and queries made of valid ones. Most break one thing; some are broken all over."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.raws: list[str] = []

    def body(self, valid: Any) -> bytes:
        """One mutated body."""
        rng = self.rng
        self.raws = []
        box = [json.loads(json.dumps(valid))]
        if rng.random() < 0.85:
            for _ in range(rng.choice((1, 1, 1, 2, 3))):
                rng.choice(self.changes())(box)
        text = json.dumps(box[0], ensure_ascii=rng.random() < 0.5)
        for k, raw in enumerate(self.raws):
            text = text.replace(f'"{MARK % k}"', raw)
        if rng.random() < 0.08:
            text = self.with_a_key_twice(text)
        data = text.encode("utf-8", "surrogatepass")
        return self.with_broken_bytes(data) if rng.random() < 0.2 else data

    def query(self, names: list[str]) -> str:
        """A query string of some of these parameters, with values of any kind."""
        rng, parts = self.rng, []
        for _ in range(rng.choice((1, 1, 2, 3))):
            name = rng.choice(names) if names and rng.random() < 0.9 else rng.choice(FIELDS)
            value = rng.choice((*VALUES, *RAW))
            text = value if isinstance(value, str) else json.dumps(value)
            text = text[: rng.choice((2, 40, 2_000))]
            if rng.random() < 0.85:
                text = quote(text)
            else:
                text = "".join(one for one in text if one > " " and one != "#")
            parts.append(f"{quote(name)}={text}")
        return "&".join(parts)

    # -- of a document

    def changes(self) -> tuple[Callable[[list[Any]], None], ...]:
        """What may be done to one place of a document."""
        return (
            self.put_value,
            self.put_value,
            self.put_raw,
            self.shift_number,
            self.other_type,
            self.drop,
            self.add_field,
            self.rename,
            self.swap,
            self.nest,
        )

    def put_value(self, box: list[Any]) -> None:
        """Another value, of any type."""
        holder, name = self.place(box)
        holder[name] = copy.deepcopy(self.rng.choice(VALUES))

    def put_raw(self, box: list[Any]) -> None:
        """Text that is no JSON, or hardly."""
        holder, name = self.place(box)
        holder[name] = MARK % len(self.raws)
        self.raws.append(self.rng.choice(RAW))

    def shift_number(self, box: list[Any]) -> None:
        """A number of another size or unit: ten to some power off, or negative."""
        places = [(h, n) for h, n in places_of(box) if is_number(h[n])]
        if places:
            holder, name = self.rng.choice(places)
            factor = self.rng.choice((-1, 10, 100, 10**8, 10**9, 10**18, 0.1, 1e-8, 1e-9))
            holder[name] *= factor

    def other_type(self, box: list[Any]) -> None:
        """The same value in another type."""
        holder, name = self.place(box)
        value = holder[name]
        forms = ([value], {"value": value}, json.dumps(value), [value, value], {"fixed": value})
        holder[name] = self.rng.choice(forms)

    def drop(self, box: list[Any]) -> None:
        """A field or element less."""
        holder, name = self.place(box)
        if holder is not box:
            del holder[name]

    def add_field(self, box: list[Any]) -> None:
        """A field that is not known there, or is known elsewhere."""
        holders = [box[0]] if isinstance(box[0], dict) else []
        holders += [h[n] for h, n in places_of(box) if isinstance(h[n], dict)]
        if holders:
            value = copy.deepcopy(self.rng.choice(VALUES))
            self.rng.choice(holders)[self.rng.choice(FIELDS)] = value

    def rename(self, box: list[Any]) -> None:
        """A field under another name."""
        holder, name = self.place(box)
        if isinstance(holder, dict):
            holder[self.rng.choice((*FIELDS, name + "x", name.upper()))] = holder.pop(name)

    def swap(self, box: list[Any]) -> None:
        """Two values change places."""
        (left, a), (right, b) = self.place(box), self.place(box)
        one, two = json.dumps(left[a]), json.dumps(right[b])
        left[a], right[b] = json.loads(two), json.loads(one)

    def nest(self, box: list[Any]) -> None:
        """A value within itself, many levels deep."""
        holder, name = self.place(box)
        value: Any = holder[name]
        for _ in range(self.rng.choice((1, 5, 30, 200))):
            value = [value] if self.rng.random() < 0.5 else {str(name): value}
        holder[name] = value

    def place(self, box: list[Any]) -> Place:
        """A random place: the container and the name or index in it."""
        return self.rng.choice(places_of(box))

    # -- of the text

    def with_a_key_twice(self, text: str) -> str:
        """A field given twice in one object."""
        at = text.find('": ')
        start = text.rfind('"', 0, at)
        if at < 0 or start < 0:
            return text
        return f"{text[:start]}{text[start : at + 3]}{self.rng.choice(RAW[:6])}, {text[start:]}"

    def with_broken_bytes(self, data: bytes) -> bytes:
        """Bytes flipped, put in, cut off, or doubled."""
        rng = self.rng
        found = bytearray(data)
        for _ in range(rng.choice((1, 1, 2, 5, 20))):
            if not found:
                return b"\x00"
            at = rng.randrange(len(found))
            match rng.randrange(5):
                case 0:
                    found[at] ^= 1 << rng.randrange(8)
                case 1:
                    found[at:at] = bytes((rng.choice(JUNK),))
                case 2:
                    del found[at : at + rng.choice((1, 1, 8))]
                case 3:
                    found[at:at] = found[at : at + 30]
                case _ if rng.random() < 0.2:
                    del found[at:]
                case _:
                    found[at] = rng.choice(JUNK)
        return bytes(found)


def places_of(box: list[Any]) -> list[Place]:
    """Every place of the document in the box, the document itself first."""
    found: list[Place] = []
    left: list[Any] = [box]
    while left and len(found) < 2_000:
        holder = left.pop()
        names = list(holder) if isinstance(holder, dict) else range(len(holder))
        for name in names:
            found.append((holder, name))
            if isinstance(holder[name], dict | list):
                left.append(holder[name])
    return found


def is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
