"""Machine instructions that numba does not offer: words in memory, trailing zeros, memmove.

An address is a plain integer, valid while the array or bytes object it came from is an argument
of the running kernel. Nothing here checks a bound: each caller compares with its own end first.
"""

from __future__ import annotations

from typing import Any

from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

__all__ = ["address_of", "load_byte", "load_word", "move_levels", "trailing_zeros"]




@intrinsic  # type: ignore[untyped-decorator]  # numba has no types
def address_of(typing_context: Any, buffer: Any) -> Any:
    """Address of the first element of an array or of a `bytes` argument."""
    del typing_context

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        proxy = cgutils.create_struct_proxy(signature.args[0].as_array)
        array = proxy(context, builder, value=arguments[0])
        return builder.ptrtoint(array.data, context.get_value_type(types.intp))

    return types.intp(buffer), generate


@intrinsic  # type: ignore[untyped-decorator]  # numba has no types
def load_byte(typing_context: Any, address: Any) -> Any:
    """The byte at an address, as int64."""
    del typing_context, address

    def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        byte = context.get_value_type(types.uint8)
        value = builder.load(builder.inttoptr(arguments[0], byte.as_pointer()))
        return builder.zext(value, context.get_value_type(types.int64))

    return types.int64(types.intp), generate


@intrinsic  # type: ignore[untyped-decorator]  # numba has no types
def load_word(typing_context: Any, address: Any) -> Any:
    """The eight bytes from an address on, aligned or not, the first one lowest."""
    del typing_context, address

    def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        word = context.get_value_type(types.uint64)
        return builder.load(builder.inttoptr(arguments[0], word.as_pointer()), align=1)

    return types.uint64(types.intp), generate


@intrinsic  # type: ignore[untyped-decorator]  # numba has no types
def trailing_zeros(typing_context: Any, word: Any) -> Any:
    """Number of zero bits below the lowest set bit; 64 for zero."""
    del typing_context, word

    def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], context.get_constant(types.boolean, value=False))

    return types.int64(types.uint64), generate


@intrinsic  # type: ignore[untyped-decorator]  # numba has no types
def move_levels(typing_context: Any, target: Any, source: Any, count: Any) -> Any:
    """Copy `count` levels of two int64 between overlapping places."""
    del typing_context, target, source, count

    def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        byte = context.get_value_type(types.uint8).as_pointer()
        target, source = (builder.inttoptr(a, byte) for a in arguments[:2])
        cgutils.raw_memmove(builder, target, source, arguments[2], LEVEL_BYTES)
        return context.get_dummy_value()

    return types.void(types.intp, types.intp, types.int64), generate
