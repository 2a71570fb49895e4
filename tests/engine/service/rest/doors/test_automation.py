"""Hosted automation is not served, and says so."""

from __future__ import annotations

import pytest

from tests.support.rest_world import RestWorld, with_rest


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/v1/deployments", {"name": "a", "wasm_base64": "eA=="}),
        ("GET", "/v1/algos?detail=edge", None),
        ("POST", "/v1/algos/BTC-USD/start", None),
        ("GET", "/v1/strategies", None),
        ("DELETE", "/v1/strategies/1", None),
    ],
)
def test_it_is_501_with_a_sentence(method: str, path: str, body: object) -> None:
    async def test(world: RestWorld) -> None:
        answer = await world.go(method, path, body)
        assert (answer.status, answer.code) == (501, "NOT_IMPLEMENTED")
        assert "not served here" in answer.message

    with_rest(test)
