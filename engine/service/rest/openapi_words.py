"""What fields and parameters mean: their structs' docstrings, one table of words, and units.

A field is told by the sentences of its struct's docstring that begin with its name in backticks
(`*_cents` names all that end so; several may share a sentence), else by the first sentence of the
struct that it holds, else by the table, else by whatever names it in passing. The unit and the sign
follow from the name, as they do everywhere else.
"""

from __future__ import annotations

import inspect
import re
import typing
from collections.abc import Iterator
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Any, Final

import msgspec

__all__ = ["SIGNS", "UNITS", "WORDS", "about_field", "about_name", "sentences"]

# More structs than the wire has.
KINDS_MAX: Final = 1_024
NAMED: Final = re.compile(r"`([a-z0-9_*]+)`")
HEAD: Final = re.compile(r"(?:`[a-z0-9_*]+`(?:, and |, | and | or )?)+")
END: Final = re.compile(r"(?<=[.;])\s+(?=[A-Z`])")

# Names that mean the same wherever they stand.
WORDS: Final = {
    "as_of_ns": "When this was computed.",
    "arrival_mid": "Mid of all usable venues as the order started, in USD a unit.",
    "attempt": "Number of the order's attempt to place something, from 1.",
    "avg_fill_price_1e9": "Average price of the fills, null without one.",
    "client_id": "Whose it is.",
    "client_order_id": "Our id of the child order, as the venue knows it.",
    "coefficients_id": "Which coefficients the router's costs were computed with.",
    "cost_bps": "All-in cost against the mid.",
    "created_ns": "When it was made.",
    "end_date": "Last UTC day, included, as YYYY-MM-DD.",
    "ended_ns": "When it ended, null while it has not.",
    "excluded_venues": "Venues that were left out as asked.",
    "fee_1e9": "Fee charged, + is a cost, - a rebate.",
    "fee_bps": "Fees.",
    "fees_1e9": "Fees charged, + is a cost, - a rebate.",
    "fill_count": "Number of fills.",
    "fill_id": "Id of the fill.",
    "filled_qty_1e8": "Quantity filled.",
    "fills": "Number of fills.",
    "graph_id": "Id of the graph.",
    "healthy": "Whether its book is complete and fresh enough to route on.",
    "horizon_ms": "Length of time that the row is about.",
    "job_id": "Id of the job, as the answer that began it gave it.",
    "key_id": "Id of the API key, which is no secret.",
    "limit_price_1e9": "Worst price allowed, null where there is none.",
    "mid": "Mid of all usable venues together, in USD a unit; null without a two-sided book.",
    "missing": "What could not be computed and why, a sentence each; it is null or empty above.",
    "is_maker": "Whether it rested in the book, null where the venue does not say.",
    "model_version": "Version of the model behind the numbers.",
    "node_id": "Id of the node within its graph.",
    "node_order_id": "Id of the order: `graph:GRAPH_ID:NODE_ID:1`.",
    "notional_1e9": "Price times quantity; null where it passes 64 bits.",
    "notional_usd": "Price times quantity.",
    "orders": "Number of orders.",
    "policy": "Execution policy: `sor`, `passive_limit`, `aggressive_chase` and so on.",
    "price_1e9": "Price.",
    "qty": "Quantity in units of the instrument (coins or contracts), for display.",
    "qty_1e8": "Quantity.",
    "reason": "Why, in words; empty where there is nothing to say.",
    "routing_version": "Version of the router's cost model: 1, 2 or 3.",
    "side": "`buy` or `sell`.",
    "sigma_bps": "Volatility of the mid over one second, never negative.",
    "slug": "The event contract's slug.",
    "start_date": "First UTC day, included, as YYYY-MM-DD.",
    "status": "State in one word.",
    "symbol": "The instrument; `SYMBOL:NO` is the NO side of an event contract.",
    "takes": "Immediate orders of ours that it rests on, old ones counting less.",
    "terminal": "Whether it has ended for good.",
    "time_to_complete_ms": "Expected time until its work ends.",
    "token_id": "Id of an event contract's side, as its venue has it.",
    "ts_ns": "The time that it is of.",
    "ts_unix_ns": "When it happened.",
    "unknown_qty_1e8": "Quantity of orders whose fate the venue has yet to prove.",
    "urgency": "`low`, `medium` or `high`: how much of the cost may hang on waiting.",
    "venue": "Name of the venue.",
    "venue_count": "Number of venues used.",
    "venues": "Names of the venues used.",
    "weight": "How many observations it rests on, old ones counting less.",
    "working_qty_1e8": "Quantity that works at venues now.",
}

# By the end of a name, the longest first: what the text says already, and what is added otherwise.
UNITS: Final = (
    ("price_1e9", "1e-9", "Integer in 1e-9 USD a unit."),
    ("_1e9", "1e-9", "Integer in 1e-9 USD."),
    ("_1e8", "1e-8", "Integer in 1e-8 of a coin or contract."),
    ("_bps", "bps", "In bps."),
    ("_cents", "cents", "In cents of the 1 USD payoff; null unless an event contract."),
    ("_usd", "USD", "In USD, for display."),
    ("_ns", "Unix", "Unix time in nanoseconds."),
    ("_ms", "illisecond", "In milliseconds."),
    ("_per_s", "second", "A second."),
    ("_s", "second", "In seconds."),
    ("_days", "days", "In days."),
    ("_pct", "percent", "In percent, 0 to 100."),
    ("probability", "0 to 1", "From 0 to 1."),
    ("_coverage", "0 to 1", "From 0 to 1."),
    ("_rate", "0 to 1", "From 0 to 1."),
    ("share", "0 to 1", "From 0 to 1."),
)
SIGNS: Final = (
    ("markout_bps", "+ is good for us."),
    ("cost_bps", "+ is a cost."),
    ("cost_cents", "+ is a cost."),
    ("cost_usd", "+ is a cost."),
    ("fee_bps", "+ is a cost, - a rebate."),
    ("fees_bps", "+ is a cost, - a rebate."),
    ("slippage_bps", "+ is a cost."),
    ("slippage_cents", "+ is a cost."),
)
SIGNED: Final = re.compile(r"\+ (?:is|means)|never negative")


def about_field(kind: type[msgspec.Struct], name: str) -> str:
    """What a field of a struct means, with unit and sign; empty where nobody says."""
    told, passing = sentences(kind, name)
    return _with_unit(told or _held(_hints(kind).get(name)) or WORDS.get(name, "") or passing, name)


def about_name(name: str) -> str:
    """What a name means that belongs to no struct, such as an id in a path."""
    return _with_unit(WORDS.get(name, ""), name)


def sentences(kind: type[msgspec.Struct], name: str) -> tuple[str, str]:
    """The sentences of a docstring that begin with a field's name, and those that name it too.

    They are those of the struct itself, or of the nearest base that has any.
    """
    passing = ""
    for one in kind.__mro__[: kind.__mro__.index(msgspec.Struct)]:
        texts = _sentences(one)
        told = [text for text in texts if (head := HEAD.match(text)) and _names(head[0], name)]
        if told:
            return " ".join(told), ""
        passing = passing or " ".join(text for text in texts if _names(text, name))
    return "", passing


@lru_cache(KINDS_MAX)
def _sentences(kind: type) -> tuple[str, ...]:
    text = " ".join(inspect.cleandoc(kind.__doc__ or "").split())
    return tuple(part.rstrip(";.") + "." for part in END.split(text) if part)


@lru_cache(KINDS_MAX)
def _hints(kind: type[msgspec.Struct]) -> dict[str, Any]:
    return typing.get_type_hints(kind)


def _names(text: str, name: str) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in NAMED.findall(text))


def _held(hint: Any) -> str:
    """The first sentence about the struct that a field holds, alone or many of it."""
    kind = next(_structs_in(hint), None)
    if kind is None:
        return ""
    return next(iter(_sentences(kind)), "")


def _structs_in(hint: Any) -> Iterator[type[msgspec.Struct]]:
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        yield hint
    for part in typing.get_args(hint):
        yield from _structs_in(part)


def _with_unit(told: str, name: str) -> str:
    """The text with what the name says by itself; a name alone is no description."""
    if not told:
        return ""
    for end, said, unit in UNITS:
        if name.endswith(end):
            # A unit in a name is not said.
            told = told if said in NAMED.sub("", told) else f"{told} {unit}"
            break
    for end, sign in SIGNS:
        if name.endswith(end):
            told = told if SIGNED.search(told) else f"{told} {sign}"
            break
    return told
