"""What decoders let pass and a document that moves money must not have: keys twice, odd numbers.

Of a key that is given twice the decoder takes the last; texts like `1_000`, ` 1` or digits of
other scripts are numbers to Python's decimals. Neither says without doubt what is meant.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import msgspec

from engine.model.units import is_plain_decimal

__all__ = ["DECIMAL_FIELDS", "doubled_keys", "odd_numbers"]

Fault = tuple[str, str]
SIMPLE_FIELDS = ("qty", "notional", "price")
DECIMAL_FIELDS = frozenset(
    {
        *SIMPLE_FIELDS,
        "fill_ratio_gte",
        "fill_ratio_lt",
        "max_loss_usd",
        "max_notional_usd",
        "max_order_notional_usd",
        "max_position_qty",
        "max_unhedged_qty",
        "offset_pct",
        "ratio",
    }
)


def doubled_keys(body: bytes | str, document: Any = msgspec.UNSET) -> list[Fault]:
    """The keys that a JSON text gives twice in one object; `document` is the text, decoded.

    Every key brings a colon: where there are as many colons as keys were decoded, none is lost.
    """
    if document is msgspec.UNSET:
        document = msgspec.json.decode(body)
    if not isinstance(document, dict | list):
        return []
    colons = body.count(b":") if isinstance(body, bytes) else body.count(":")
    # The first comparison is enough for a flat document: neither number can be the smaller one.
    if colons == len(document) or colons == _count_keys(document):
        return []
    found: list[Fault] = []

    def look(pairs: list[tuple[str, Any]]) -> None:
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                found.append((name, "is given twice"))
            seen.add(name)

    json.loads(body, object_pairs_hook=look)
    return found


def odd_numbers(document: Any) -> list[Fault]:
    """Texts in decimal fields of a graph or simple order that are no plain decimals."""
    found: list[Fault] = []
    if "nodes" not in document:
        for name in SIMPLE_FIELDS:
            value = document.get(name)
            if type(value) is str and not is_plain_decimal(value):
                found.append((name, f"{value!r} is not a plain decimal number"))
        return found
    for name in ("edges", "risk"):
        if name in document:
            found.extend(_odd_below(document[name], name))
    return found


def _odd_below(value: Any, path: str) -> Iterator[Fault]:
    if isinstance(value, list | tuple):
        for index, one in enumerate(value):
            yield from _odd_below(one, f"{path}[{index}]")
    elif isinstance(value, dict):
        for name, one in value.items():
            if isinstance(one, dict | list | tuple):
                yield from _odd_below(one, f"{path}.{name}")
            elif isinstance(one, str) and name in DECIMAL_FIELDS and not is_plain_decimal(one):
                yield f"{path}.{name}", f"{one!r} is not a plain decimal number"


def _count_keys(document: Any) -> int:
    count = 0
    waiting = [document]
    while waiting:
        value = waiting.pop()
        if type(value) is dict:
            count += len(value)
            waiting.extend([one for one in value.values() if type(one) in (dict, list)])
        elif type(value) is list:
            waiting.extend([one for one in value if type(one) in (dict, list)])
    return count
