"""The file of adjustments: order, wipes, bounds, and what is no such file."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from engine.errors import JournalError
from engine.service.api_error import ApiError, ErrorCode
from engine.service.portfolio import store_positions
from engine.service.portfolio.accounting import Kind, Redeem, Seed, Wipe
from engine.service.portfolio.store_positions import (
    PORTFOLIO_NAME,
    PositionStore,
    StoredAdjustment,
)

ETH = Seed("kraken", Kind.CRYPTO, "ETH", 5, 7)
SHORT = Seed("hyperliquid", Kind.PERP, "ETH-USD-PERP", -5, 7)
PAID = Redeem("kalshi", "T", 10**9)


def test_adjustments_come_back_in_the_order_to_fold_them(tmp_path: Path) -> None:
    with closing(PositionStore(tmp_path)) as store:
        store.add("a", 9, 1, [ETH, PAID])
        store.add("b", 4, 2, [SHORT])
        store.add("a", 9, 3, [SHORT])
        store.choose_balance("a", 5)
        store.choose_balance("a", 6)
    with closing(PositionStore(tmp_path)) as store:
        assert store.adjustments() == [
            StoredAdjustment("b", 4, SHORT),
            StoredAdjustment("a", 9, ETH),
            StoredAdjustment("a", 9, PAID),
            StoredAdjustment("a", 9, SHORT),
        ]
        assert (store.balance_1e9("a"), store.balance_1e9("b")) == (6, None)


def test_a_wipe_takes_the_place_of_all_before_it() -> None:
    with closing(PositionStore(None)) as store:
        store.add("a", 1, 1, [ETH])
        store.add("b", 1, 1, [ETH])
        store.add("a", 2, 1, [SHORT, Wipe(3), ETH])
        assert store.adjustments() == [
            StoredAdjustment("b", 1, ETH),
            StoredAdjustment("a", 2, Wipe(3)),
            StoredAdjustment("a", 2, ETH),
        ]


def test_an_account_is_bounded_and_a_refusal_changes_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(store_positions, "ADJUSTMENTS_MAX", 3)
    with closing(PositionStore(None)) as store:
        store.add("a", 1, 1, [ETH, ETH])
        with pytest.raises(ApiError, match="reset") as refused:
            store.add("a", 2, 1, [SHORT, SHORT])
        assert refused.value.code is ErrorCode.CONFLICT
        store.add("b", 1, 1, [ETH])
        with pytest.raises(ApiError):
            store.add("a", 3, 1, [Wipe(1), ETH, ETH, ETH])
        assert [one.adjustment for one in store.adjustments()] == [ETH, ETH, ETH]
        store.add("a", 3, 1, [Wipe(1), ETH])
        assert [one.client_id for one in store.adjustments()] == ["b", "a", "a"]


def test_other_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / PORTFOLIO_NAME
    path.write_bytes(b"no database at all" * 100)
    with pytest.raises(JournalError, match="could not be opened"):
        PositionStore(tmp_path)
    path.unlink()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 7")
    with pytest.raises(JournalError, match="version 7"):
        PositionStore(tmp_path)
    with pytest.raises(JournalError, match="could not be opened"):
        PositionStore(tmp_path / "absent")
