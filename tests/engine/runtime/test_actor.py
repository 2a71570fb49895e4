"""What is checked when an actor class is made, and what its context can do."""

from __future__ import annotations

import types
from typing import Any, Union

import pytest

from engine.errors import ActorStopped
from engine.runtime.actor import Actor, ActorRef, handles
from engine.runtime.delivery import Message
from engine.runtime.simulated_driver import SimulatedDriver
from engine.runtime.system import ActorSystem
from tests.support.runtime_actors import Do, Happened, Newest, Probe


class Bare(Message, frozen=True, gc=False):
    """A message without a delivery class."""


def test_a_missing_handler_is_named() -> None:
    with pytest.raises(TypeError, match=r"Lacks has no handler for Happened"):

        class Lacks(Actor[Do | Happened]):
            @handles(Do)
            def on_do(self, message: Do) -> None: ...


def test_an_extra_handler_is_named() -> None:
    with pytest.raises(TypeError, match=r"Happened is not in the protocol of Extra"):

        class Extra(Actor[Do]):
            @handles(Do)
            def on_do(self, message: Do) -> None: ...

            @handles(Happened)
            def on_happened(self, message: Happened) -> None: ...


def test_a_second_handler_is_named() -> None:
    with pytest.raises(TypeError, match=r"Twice handles Do twice"):

        class Twice(Actor[Do]):
            @handles(Do)
            def on_do(self, message: Do) -> None: ...

            @handles(Do)
            def on_do_again(self, message: Do) -> None: ...


def make_actor(name: str, **methods: object) -> type:
    """An actor class of commands made by hand: the tidy test keeps such classes out of sources."""
    return types.new_class(name, (Actor[Do],), exec_body=lambda body: body.update(methods))


async def waits(self: Any, message: Do) -> None:
    """A handler as it may not be."""


def yields(self: Any, message: Do) -> Any:
    """Another: it would never run."""
    yield


def plain(self: Any, message: Do) -> None:
    """A handler as it may be."""


async def starts(self: Any) -> None:
    """A hook as it may not be."""


def test_a_coroutine_or_generator_handler_is_named_with_its_message() -> None:
    assert make_actor("Fine", on_do=handles(Do)(plain)).handler_table == {Do: plain}
    with pytest.raises(TypeError, match=r"Waits\.on_do of Do is a coroutine"):
        make_actor("Waits", on_do=handles(Do)(waits))
    with pytest.raises(TypeError, match=r"Yields\.on_do of Do is a coroutine or generator"):
        make_actor("Yields", on_do=handles(Do)(yields))


def test_a_coroutine_hook_is_refused() -> None:
    with pytest.raises(TypeError, match=r"Hook\.on_start is a coroutine"):
        make_actor("Hook", on_do=handles(Do)(plain), on_start=starts)


def test_a_message_needs_a_delivery_class() -> None:
    with pytest.raises(TypeError, match=r"Bare of Naked has no delivery class"):

        class Naked(Actor[Do | Bare]):
            @handles(Do)
            def on_do(self, message: Do) -> None: ...

            @handles(Bare)
            def on_bare(self, message: Bare) -> None: ...


def test_one_type_and_the_old_union_are_protocols_too() -> None:
    class One(Actor[Do]):
        @handles(Do)
        def on_do(self, message: Do) -> None: ...

    class Old(Actor[Union[Do, Happened]]):  # noqa: UP007  # the old spelling is what is tested
        @handles(Do)
        def on_do(self, message: Do) -> None: ...

        @handles(Happened)
        def on_happened(self, message: Happened) -> None: ...

    assert set(One.handler_table) == {Do}
    assert set(Old.handler_table) == {Do, Happened}


def test_a_subclass_keeps_protocol_and_may_replace_a_handler() -> None:
    class Louder(Probe):
        @handles(Do)
        def on_do(self, message: Do) -> None:
            self.seen.append(message.number * 10)

    assert Louder.handler_table[Do] is Louder.on_do
    assert Louder.handler_table[Newest] is Probe.on_newest


def test_context_tells_by_id_and_keeps_a_dead_letter_for_nobody() -> None:
    system = ActorSystem()
    driver = SimulatedDriver(system)
    results: list[bool] = []

    def reaction(probe: Probe, number: int) -> None:
        results.append(probe.ctx.tell(number, Do(7)))

    target = system.spawn(Probe, name="target")
    teller = system.spawn(lambda: Probe(reaction), name="teller")
    driver.tell(teller, Happened(target.actor_id))
    driver.tell(teller, Happened(99))
    driver.run_until_idle()
    assert results == [True, False]
    assert system.actor_of(target).seen == [7]  # type: ignore[attr-defined]  # a Probe
    assert system.dead_letters["?", "Do"] == 1


def test_children_stop_with_their_parent_and_a_stopped_parent_gets_none() -> None:
    system = ActorSystem()
    driver = SimulatedDriver(system)
    born: list[ActorRef] = []
    refused: list[type[Exception]] = []

    def reaction(probe: Probe, number: int) -> None:
        if number == 1:
            born.append(probe.ctx.spawn(Probe, name="child"))
            return
        probe.ctx.stop()
        assert probe.ctx.after(5, Do()) == 0
        try:
            probe.ctx.spawn(Probe, name="late")
        except ActorStopped as error:
            refused.append(type(error))

    parent = system.spawn(lambda: Probe(reaction), name="parent")
    driver.tell(parent, Happened(1))
    driver.run_until_idle()
    child = system.actor_of(born[0])
    driver.tell(parent, Happened(2))
    driver.run_until_idle()
    assert isinstance(child, Probe)
    assert child.stops == 1
    assert born[0].stopped
    assert refused == [ActorStopped]
    assert not system.refs
    assert len(system.timers) == 0


def test_maybe_is_false_until_a_simulation_chooses() -> None:
    system = ActorSystem()
    ref = system.spawn(Probe, name="p")
    context = system.actor_of(ref).ctx
    assert context.maybe("x") is False
    system.fault_chooser = lambda point: point == "x"
    assert context.maybe("x")
    assert not context.maybe("y")
