"""What numba does not offer on arrays: their place in memory, cells by address, and moves.

Written over addresses the book's write loop runs at the speed of C; over four indexes it takes
1.4 times as long. An address is a plain integer, good while its array is an argument of the
running kernel. Nothing here checks a bound: a kernel checks its arguments before it begins.
"""

from __future__ import annotations

from typing import Any, Final

from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

__all__ = ["CELL_BYTES", "address_of", "load_cell", "move_bytes", "store_cell"]

CELL_BYTES: Final = 8


@intrinsic
def address_of(typing_context: Any, array: Any) -> Any:
    """Address of an array's first element, good while the array is an argument of the kernel."""
    del typing_context

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        proxy = context.make_array(signature.args[0])(context, builder, arguments[0])
        return builder.ptrtoint(proxy.data, context.get_value_type(types.int64))

    return types.int64(array), generate


@intrinsic
def load_cell(typing_context: Any, address: Any, cell: Any) -> Any:
    """The int64 that stands `cell` cells after an address."""
    del typing_context, address, cell

    def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        int64 = context.get_value_type(types.int64)
        base = builder.inttoptr(arguments[0], int64.as_pointer())
        return builder.load(builder.gep(base, [arguments[1]]))

    return types.int64(types.int64, types.int64), generate


@intrinsic
def store_cell(typing_context: Any, address: Any, cell: Any, value: Any) -> Any:
    """Write the int64 that stands `cell` cells after an address."""
    del typing_context, address, cell, value

    def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        int64 = context.get_value_type(types.int64)
        base = builder.inttoptr(arguments[0], int64.as_pointer())
        builder.store(arguments[2], builder.gep(base, [arguments[1]]))
        return context.get_dummy_value()

    return types.void(types.int64, types.int64, types.int64), generate


@intrinsic
def move_bytes(typing_context: Any, target: Any, source: Any, count: Any) -> Any:
    """Copy `count` bytes between addresses whose ranges may overlap; the caller checks bounds."""
    del typing_context, target, source, count

    def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        byte = context.get_value_type(types.uint8).as_pointer()
        places = [builder.inttoptr(address, byte) for address in arguments[:2]]
        cgutils.raw_memmove(builder, places[0], places[1], arguments[2], 1)
        return context.get_dummy_value()

    return types.void(types.int64, types.int64, types.int64), generate
