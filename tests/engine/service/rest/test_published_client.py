"""The published client `sequence-markets` 0.5.7, unmodified, against a server over loopback.

Each of its methods has a case of its own, with what its docstring promises; a method without one
is seen too. They drive `execgraph serve`; the one that would wait for five minutes drives a
server of this process, whose clock can be set.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import version

import pytest
from sequence_markets import Sequence

from tests.support.published import Published, refused
from tests.support.published_account import ACCOUNT, AUTOMATION, STREAM
from tests.support.published_market import MARKET
from tests.support.published_trading import TRADING
from tests.support.rest_server import served, served_process

CASES = {**MARKET, **TRADING, **ACCOUNT, **STREAM}


CLOCKED = "stream_resolved_markets"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Published]:
    with served_process(tmp_path_factory.mktemp("served")) as running:
        yield Published(running)


def test_the_version_that_was_read() -> None:
    assert version("sequence-markets") == "0.5.7"


def test_every_method_has_its_case() -> None:
    methods = {name for name in vars(Sequence) if not name.startswith("_")}
    assert methods == {*CASES, *AUTOMATION}


@pytest.mark.parametrize("method", sorted(set(CASES) - {CLOCKED}))
def test_the_method_keeps_its_word(world: Published, method: str) -> None:
    CASES[method](world)


@pytest.mark.parametrize("method", sorted(AUTOMATION))
def test_hosted_automation_is_refused_in_words(world: Published, method: str) -> None:
    text = refused(501, lambda: getattr(world.seq, method)(*AUTOMATION[method]))
    assert "embed" in text


def test_a_wrong_key_and_a_key_without_the_scope_are_told_so(world: Published) -> None:
    nobody = Sequence("seq_test_" + "0" * 64, world.url)
    refused(401, nobody.orders)
    reader = Sequence(world.keys.read, world.url)
    assert reader.orders()["limit"] == 50
    refused(403, lambda: reader.buy("BTC-USD", 0.1))
    refused(501, Sequence(world.keys.live, world.url).orders)


def test_markets_are_told_as_they_resolve() -> None:
    with served() as running:
        CASES[CLOCKED](Published(running))
