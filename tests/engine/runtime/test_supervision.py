"""What follows when a handler raises."""

from __future__ import annotations

from engine.runtime.actor import Actor, handles
from engine.runtime.simulated_driver import SimulatedDriver
from engine.runtime.supervision import HALT, RESTART, STOP, FailureAction, Supervision
from engine.runtime.system import ActorSystem
from tests.support.runtime_actors import Do, Happened, Newest, Probe

BROKEN = -1


def explode(probe: Probe, number: int) -> None:
    """Fails on a broken event."""
    if number == BROKEN:
        raise ValueError("cannot read it")


class Foreign(Actor[Do]):
    """Handles commands alone."""

    @handles(Do)
    def on_do(self, message: Do) -> None:
        {}["a key of its own"]


def build(policy: Supervision) -> tuple[ActorSystem, SimulatedDriver, list[Probe], list[str]]:
    made: list[Probe] = []
    reasons: list[str] = []
    system = ActorSystem(on_halt=reasons.append)

    def factory() -> Probe:
        made.append(Probe(explode))
        return made[-1]

    system.spawn(factory, name="it", supervision=policy)
    return system, SimulatedDriver(system, order="fifo"), made, reasons


def test_restart_keeps_ref_and_queue_and_drops_the_failed_message() -> None:
    system, driver, made, reasons = build(RESTART)
    ref = system.refs[1]
    for number in (1, BROKEN, 2):
        ref.tell(Happened(number))
    driver.run_until_idle()
    assert [probe.seen for probe in made] == [[1, BROKEN], [2]]
    assert system.refs == {1: ref}
    assert system.actor_of(ref) is made[1]
    assert made[0].stops == 0
    assert system.dead_ring[-1].reason == "ValueError: cannot read it"
    assert system.meters.restarts == system.meters_by_class()["Probe"].restarts == 1
    assert reasons == []


def test_restart_stops_children_and_cancels_timers() -> None:
    system = ActorSystem()
    driver = SimulatedDriver(system)

    def reaction(probe: Probe, number: int) -> None:
        probe.ctx.spawn(Probe, name="child")
        probe.ctx.after(10, Do(1))
        explode(probe, number)

    ref = system.spawn(lambda: Probe(reaction), name="it")
    driver.tell(ref, Happened(BROKEN))
    driver.run_until_idle()
    assert list(system.refs.values()) == [ref]
    assert len(system.timers) == 0


def test_too_many_restarts_in_the_window_halt_once() -> None:
    policy = Supervision(FailureAction.RESTART, restarts_max=2, window_ns=100)
    system, driver, made, reasons = build(policy)
    for _ in range(4):
        driver.tell(system.refs[1], Happened(BROKEN))
    driver.run_until_idle()
    assert len(made) == 3
    assert reasons == ["it failed too often: ValueError: cannot read it"]


def test_restarts_outside_the_window_are_forgotten() -> None:
    policy = Supervision(FailureAction.RESTART, restarts_max=2, window_ns=100)
    system, driver, made, reasons = build(policy)
    for _ in range(10):
        driver.tell(system.refs[1], Happened(BROKEN))
        driver.run_until_idle()
        driver.run_for(60)
    assert len(made) == 11
    assert reasons == []


def test_stop_stops_and_halt_halts() -> None:
    system, driver, made, reasons = build(STOP)
    driver.tell(system.refs[1], Happened(BROKEN))
    driver.run_until_idle()
    assert not system.refs
    assert made[0].stops == 1
    assert reasons == []
    system, driver, made, reasons = build(HALT)
    driver.tell(system.refs[1], Happened(BROKEN))
    driver.tell(system.refs[1], Happened(BROKEN))
    driver.run_until_idle()
    assert reasons == ["it failed: ValueError: cannot read it"]
    assert system.halted == reasons[0]


def test_a_factory_that_fails_at_restart_uses_up_the_window() -> None:
    reasons: list[str] = []
    system = ActorSystem(on_halt=reasons.append)
    made: list[Probe] = []

    def factory() -> Probe:
        if made:
            raise OSError("no more")
        made.append(Probe(explode))
        return made[-1]

    ref = system.spawn(factory, name="it", supervision=RESTART)
    ref.tell(Happened(BROKEN))
    SimulatedDriver(system).run_until_idle()
    assert reasons == ["it failed too often: OSError: no more"]
    assert system.meters.restarts == RESTART.restarts_max


def test_an_unknown_message_is_the_senders_fault_and_a_key_error_the_handlers() -> None:
    reasons: list[str] = []
    system = ActorSystem(on_halt=reasons.append)
    ref = system.spawn(Foreign, name="it", supervision=HALT)
    driver = SimulatedDriver(system, order="fifo")
    driver.tell(ref, Newest(1))
    driver.run_until_idle()
    assert reasons == []
    assert system.dead_ring[-1].reason == "no handler"
    driver.tell(ref, Do(1))
    driver.run_until_idle()
    assert reasons == ["it failed: KeyError: 'a key of its own'"]
