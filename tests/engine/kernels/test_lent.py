"""Helpers are linked into their callers, give the same results and refuse calls from Python."""

from __future__ import annotations

from typing import Any

import numba
import pytest

from engine.kernels.lent import helper_of


@helper_of()
def _doubled(number: int) -> int:
    return number * 2


@helper_of(apart=True)
def _quadrupled(number: int) -> Any:
    return _doubled(_doubled(number))


def _compiled() -> Any:
    @numba.njit("int64(int64)")
    def entry(number: int) -> Any:
        return _quadrupled(number) + _doubled(number)

    return entry


def test_results_are_those_of_plain_functions() -> None:
    entry = _compiled()
    assert [entry(n) for n in (-3, 0, 7)] == [-18, 0, 42]


def test_a_helper_apart_stays_a_function_and_others_are_inlined() -> None:
    entry = _compiled()
    code = entry.inspect_llvm(entry.signatures[0])
    defined = [line for line in code.splitlines() if line.startswith("define ")]
    assert any("_quadrupled" in line for line in defined)
    assert not any("_doubled" in line for line in defined)


def test_helpers_have_no_machine_code_of_their_own() -> None:
    _compiled()
    for helper in (_doubled, _quadrupled):
        (compiled,) = helper.overloads.values()
        library = compiled._asdict()["library"]
        names = [f.name for f in library.get_defined_functions()]
        assert not any("cpython" in name or "cfunc" in name for name in names)
        assert not library.codegen._engine.is_symbol_defined(
            compiled.fndesc.llvm_cpython_wrapper_name
        )


def test_python_cannot_call_a_helper() -> None:
    _compiled()
    with pytest.raises(KeyError):
        _doubled(4)
