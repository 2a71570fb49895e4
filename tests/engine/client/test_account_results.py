"""Answers about holdings read what the facade writes; a key never shows itself."""

from __future__ import annotations

import msgspec

from engine.client.account_results import ApiKey, ApiKeys, Position, Positions
from engine.service.portfolio import views


def test_a_position_is_read_whole() -> None:
    assert set(Position.__struct_fields__) == set(views.PositionRow.__struct_fields__)
    assert set(Positions.__struct_fields__) == set(views.Positions.__struct_fields__)


def test_a_key_is_there_once_and_never_in_text() -> None:
    raw = b'{"key_id":"key_1","api_key":"seq_test_secret","label":"desk","scopes":["read"]}'
    key = msgspec.json.decode(raw, type=ApiKey)
    assert key.api_key == "seq_test_secret"
    assert "secret" not in repr(key) and "secret" not in str([key])
    listed = msgspec.json.decode(b'{"api_keys":[{"key_id":"key_1"}],"total":1}', type=ApiKeys)
    assert listed.api_keys[0].api_key is None
