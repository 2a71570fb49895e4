"""The link's synchronous face: binding, refusal, hanging up."""

from __future__ import annotations

from engine.messages import LinkUp
from engine.ports import Link
from tests.support.simulated_link_rig import Probe, Rig
from tests.support.simulated_venues import exchange_of, place
from venues.simulated.link import SimulatedLink
from venues.simulated.protocol import encode


def test_opening_before_binding_waits_for_it() -> None:
    rig = Rig(exchange_of())
    link = SimulatedLink(rig.venue, 7, private=True)
    port: Link = link
    port.open()
    rig.driver.run_for(1_000_000_000)
    probe = Probe(link)
    target = rig.system.spawn(lambda: probe, name="late")
    assert probe.heard == []
    link.bind(target)
    rig.connect()
    assert [type(message) for _, message in probe.heard] == [LinkUp]


def test_nothing_follows_a_close() -> None:
    rig = Rig(exchange_of())
    rig.connect()
    rig.trade_link.send(encode(place("a", "buy", "1", "2000")))
    rig.trade_link.close()
    heard = len(rig.trade.heard)
    rig.driver.run_for(2_000_000_000)
    assert len(rig.trade.heard) == heard


def test_a_full_mailbox_refuses_the_frame() -> None:
    rig = Rig(exchange_of())
    rig.connect()
    answers = {rig.trade_link.send(b"x") for _ in range(20_000)}
    assert answers == {True, False}


def test_there_is_no_request_side() -> None:
    assert not Rig(exchange_of()).feed_link.request("/depth")
