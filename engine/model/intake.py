"""From what a caller hands over to a checked-by-type graph: structs, JSON bytes, text or dicts."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec

from engine.errors import GraphError
from engine.model.document_faults import doubled_keys, odd_numbers
from engine.model.graph import (
    FixedAmount,
    Graph,
    NotionalAmount,
    Quantity,
    SimpleOrder,
    graph_of,
)
from engine.model.units import price_1e9, qty_1e8
from engine.model.wire_faults import wire_faults

__all__ = ["fingerprint", "parse_graph", "with_decimals"]

BODY_BYTES_MAX = 262_144
FAULTS_SHOWN = 5
_PATH = re.compile(r" - at `\$?\.?([^`]*)`$")


def parse_graph(order: Graph | SimpleOrder | Mapping[str, Any] | bytes | str) -> Graph:
    """The graph that `order` stands for; GraphError with the path of what cannot be read.

    A Python float in a dict is taken at its shortest decimal text, so 0.29 means 0.29.
    """
    if isinstance(order, Graph):
        return order
    if isinstance(order, SimpleOrder):
        return _from_simple(order)
    given: object = order
    if not isinstance(given, Mapping | bytes | str):
        text = f"an order is a graph, a mapping or JSON, not {type(given).__name__!r}"
        raise GraphError(text, [("", text)])
    try:
        if isinstance(order, bytes | str):
            if not order.strip():
                raise GraphError("the document is empty", [("", "the document is empty")])
            if len(order) > BODY_BYTES_MAX:
                text = f"an order has at most {BODY_BYTES_MAX} bytes"
                raise GraphError(text, [("", text)])
            document = _untyped(order)
            if not isinstance(document, dict):
                raise GraphError("an order is a JSON object", [("", "an order is a JSON object")])
            _refuse(doubled_keys(order, document) or odd_numbers(document))
            if "nodes" in document:
                return msgspec.json.decode(order, type=Graph)
            return _from_simple(msgspec.json.decode(order, type=SimpleOrder))
        plain = with_decimals(order)
        _refuse(odd_numbers(plain))
        if "nodes" in plain:
            return msgspec.convert(plain, type=Graph)
        return _from_simple(msgspec.convert(plain, type=SimpleOrder))
    except RecursionError:
        text = "the document is nested too deeply"
        raise GraphError(text, [("", text)]) from None
    except UnicodeError:
        text = "the document is no Unicode text; send JSON in UTF-8"
        raise GraphError(text, [("", text)]) from None
    except msgspec.DecodeError as error:
        path = _PATH.search(str(error))
        sentence = _PATH.sub("", str(error))
        where = path.group(1) if path else ""
        faults = _all_faults(order) or [(where, sentence)]
        raise GraphError(_in_words(faults), faults) from None


_encode_canonical = msgspec.json.Encoder(order="sorted").encode


def fingerprint(graph: Graph) -> bytes:
    """What makes two submissions the same: sha256 of the graph's canonical JSON."""
    return hashlib.sha256(_encode_canonical(graph)).digest()


def _from_simple(order: SimpleOrder) -> Graph:
    if (order.qty is None) == (order.notional is None):
        text = "exactly one of 'qty' and 'notional' is needed"
        raise GraphError(text, [("qty", text)])
    try:
        field = "qty"
        amount = Quantity()
        if order.qty is not None:
            amount = Quantity(fixed=FixedAmount(qty_1e8=qty_1e8(order.qty)))
        elif order.notional is not None:
            field = "notional"
            amount = Quantity(notional=NotionalAmount(usd_1e9=price_1e9(order.notional)))
        field = "price"
        price = None if order.price is None else price_1e9(order.price)
    except ValueError as error:
        raise GraphError(f"{field}: {error}", [(field, str(error))]) from None
    return graph_of(order, amount, price)


def _refuse(faults: list[tuple[str, str]]) -> None:
    if faults:
        raise GraphError(_in_words(faults), faults)


def _in_words(faults: list[tuple[str, str]]) -> str:
    """The first faults in one line, and how many more there are."""
    shown = [f"{where}: {text}" if where else text for where, text in faults[:FAULTS_SHOWN]]
    more = len(faults) - len(shown)
    return "; ".join(shown) + (f"; and {more} more" if more else "")


def _all_faults(order: Mapping[str, Any] | bytes | str) -> list[tuple[str, str]]:
    """Every fault of the document's words; none where it is no document at all."""
    try:
        plain = with_decimals(_untyped(order) if isinstance(order, bytes | str) else order)
    except msgspec.DecodeError:
        return []
    return wire_faults(plain, Graph if "nodes" in plain else SimpleOrder)


def _untyped(body: bytes | str) -> Any:
    return msgspec.json.decode(body)


def with_decimals(value: Any) -> Any:
    """The same structure with every float as the decimal of its shortest text."""
    if isinstance(value, float):
        return Decimal(repr(value)) if math.isfinite(value) else value
    if isinstance(value, Mapping):
        return {key: with_decimals(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [with_decimals(item) for item in value]
    return value
