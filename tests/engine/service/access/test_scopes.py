"""Scopes: what implies what, and how they are read and written."""

from __future__ import annotations

import pytest

from engine.errors import ConfigError
from engine.service.access.scopes import Scope, implied, parse_scopes, scopes_text
from tests.support.access import caller


def test_admin_is_everything() -> None:
    assert implied(frozenset({Scope.ADMIN})) == frozenset(Scope)


def test_trade_brings_the_ways_out_and_no_more() -> None:
    assert implied(frozenset({Scope.TRADE})) == {Scope.TRADE, Scope.CANCEL, Scope.KILL}


@pytest.mark.parametrize("scope", [Scope.READ, Scope.CANCEL, Scope.KILL, Scope.CREDENTIALS])
def test_others_bring_nothing(scope: Scope) -> None:
    assert implied(frozenset({scope})) == {scope}


def test_nothing_implies_nothing() -> None:
    assert implied(frozenset()) == frozenset()


def test_a_caller_may_what_its_key_implies() -> None:
    trader = caller(Scope.READ, Scope.TRADE)
    assert trader.may(Scope.KILL) and trader.may(Scope.CANCEL) and trader.may(Scope.READ)
    assert not trader.may(Scope.ADMIN) and not trader.may(Scope.CREDENTIALS)


def test_scopes_are_read_as_people_write_them() -> None:
    assert parse_scopes(" Read, trade,,ADMIN ") == {Scope.READ, Scope.TRADE, Scope.ADMIN}


@pytest.mark.parametrize("text", ["", " , ", "read,write", "read;trade", "read," * 200])
def test_what_is_no_list_of_scopes_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="read,trade"):
        parse_scopes(text)


def test_text_and_scopes_go_round() -> None:
    for scopes in ({Scope.ADMIN, Scope.READ}, set(Scope), {Scope.KILL}):
        assert parse_scopes(scopes_text(frozenset(scopes))) == scopes
    assert scopes_text(frozenset({Scope.ADMIN, Scope.READ})) == "read,admin"
