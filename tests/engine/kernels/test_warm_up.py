"""After warming up every kernel is compiled for its one signature, and frozen."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.kernels import registry
from engine.kernels.book_write import clear
from engine.kernels.layout import new_block
from engine.kernels.registry import KERNELS
from engine.kernels.warm_up import KERNEL_MODULES, warm_up


def test_every_kernel_has_one_frozen_signature() -> None:
    """The test session warmed up at its start."""
    assert len(KERNELS) > 0
    for dispatcher, _ in KERNELS:
        assert len(dispatcher.signatures) == 1, dispatcher.py_func.__name__
        assert dispatcher._can_compile is False


def test_warming_up_again_changes_nothing_and_tells_progress() -> None:
    told: list[tuple[int, int, str]] = []
    total = warm_up(lambda done, of, name: told.append((done, of, name)))
    assert total == len(KERNELS) == len(told)
    assert [done for done, _, _ in told] == list(range(1, total + 1))
    assert {of for _, of, _ in told} == {total}
    assert len({name for _, _, name in told}) == total, "two kernels share a name"


def test_every_module_with_a_kernel_is_listed() -> None:
    folder = Path(registry.__file__).parent
    with_kernels = {
        f"engine.kernels.{path.stem}"
        for path in folder.glob("*.py")
        if "\n@kernel(" in path.read_text(encoding="utf-8")
    }
    assert with_kernels == set(KERNEL_MODULES)


@pytest.mark.parametrize("dtype", [np.float64, np.int32, np.uint64])
def test_other_types_are_an_error_instead_of_a_stall(dtype: type[np.generic]) -> None:
    with pytest.raises(TypeError):
        clear(new_block(1, 1).astype(dtype), 0)
