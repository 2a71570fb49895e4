"""One small simulated run whose order is printed; also run in a second process by its test."""

from __future__ import annotations

import sys

from engine.runtime.actor import Lane
from engine.runtime.simulated_driver import SimulatedDriver
from engine.runtime.system import ActorSystem
from tests.support.runtime_actors import BatchProbe, Happened, Probe


def interleaving(seed: int, order: str = "seeded") -> str:
    """The order in which eight actors on four lanes get their events, as text."""
    log: list[str] = []

    class Logs(BatchProbe):
        def __init__(self, name: str) -> None:
            super().__init__(self.note)
            self.name = name

        def note(self, probe: Probe, number: int) -> None:
            log.append(f"{self.name}{number}@{self.ctx.now_ns}")
            if number == 3:
                self.ctx.after(self.ctx.random.randrange(100), Happened(4))

        def on_batch_end(self) -> None:
            log.append(f"{self.name}.")

    classes = []
    for lane in Lane:
        made = type(f"Logs{lane.name}", (Logs,), {"lane": lane})
        classes += [made, made]
    system = ActorSystem(seed=seed)
    driver = SimulatedDriver(system, seed, order="seeded" if order == "seeded" else "fifo")
    for place, made in enumerate(classes):
        name = "abcdefgh"[place]
        ref = system.spawn(lambda made=made, name=name: made(name), name=name)
        for number in range(4):
            driver.tell(ref, Happened(number))
    driver.run_for(1_000)
    return " ".join(log)


if __name__ == "__main__":
    sys.stdout.write(interleaving(int(sys.argv[1])))
