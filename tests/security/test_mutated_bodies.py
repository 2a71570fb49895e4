"""Ten thousand mutated bodies at every door that writes, and mutated queries at every other."""

from __future__ import annotations

import asyncio
import logging
import random

from engine.service.access.scopes import Scope
from engine.service.rest.door import Door
from engine.service.rest.table import all_doors
from tests.security.bodies import VALID
from tests.security.probing import (
    HIDDEN,
    TRADER,
    Direct,
    Records,
    Victim,
    check_answer,
    filled_path,
    parameters,
    victim_of,
)
from tests.support.mutations import Mutations
from tests.support.rest_world import BUY, RESTING, RestWorld, rest_world

BODIES = 10_000
QUERIES = 2_500
FRESH_EVERY = 250
# They trade most, so they are asked most.
WEIGHTS = {
    "submit_order": 12,
    "batch_orders": 4,
    "seed_positions": 3,
    "amend_node": 3,
    "preview": 2,
}
UNLISTED = ("no_automation", "rotate_key", "sync_positions")


class Attack:
    """One attacker with all scopes over its own things, beside a victim."""

    def __init__(self, world: RestWorld, victim: Victim, seed: int) -> None:
        self.world, self.victim = world, victim
        self.rng = random.Random(seed)
        self.mutations = Mutations(seed)
        self.trader = world.key(TRADER, "attacker")
        self.admin = world.key(frozenset({Scope.ADMIN}), "attacker-admin")
        self.direct = Direct(world, self.trader)
        self.names: dict[str, str] = {}
        self.statuses: dict[int, int] = {}

    async def refresh(self) -> None:
        """Something of its own to aim at, after whatever it did to itself."""
        keys, engine = self.world.service.desk.keys, self.world.service.engine
        for info in keys.list("attacker-admin"):
            if info.label != "test" and info.status == "active":
                keys.revoke(info.key_id)
        for row in engine.queries.open_graphs():
            if HIDDEN not in row.client_id:
                await engine.cancel(row.row.graph_id, client_id=row.client_id)
        for key in (self.trader, self.admin):
            found = await self.world.ok("GET", "/v1/kill_switch", key=key)
            for switch in found["switches"]:
                await engine.resume_trading(scope=switch["scope"], key=switch["key"])
        await self.world.ok("POST", "/v1/sandbox/reset", key=self.trader)
        made = await self.world.ok("POST", "/v1/orders", RESTING, key=self.trader)
        self.names = {
            "graph_id": made["graph_id"],
            "node_order_id": f"graph:{made['graph_id']}:order:1",
            "node_id": "order",
            "slug": "no-such-market",
        }

    def target(self, door: Door) -> str:
        """Mostly its own things, sometimes the victim's."""
        names = self.victim.names() if self.rng.random() < 0.1 else self.names
        venue = {"venue": "okx"} if door.tag == "credentials" else {}
        return filled_path(door, {**names, **venue})

    async def send(self, door: Door, path: str, body: bytes) -> None:
        """One request, and all that must hold of its answer."""
        raw = self.admin if door.scope is Scope.ADMIN else self.trader
        answer = await self.direct.go(door.method, path, body, raw=raw)
        what = f"{door.method} {path[:300]} {body[:1_000]!r}"
        check_answer(answer, what)
        assert HIDDEN not in answer.text, f"{what} shows {answer.text}"
        if self.victim.graph_id not in path and self.victim.graph_id.encode() not in body:
            assert self.victim.graph_id not in answer.text, f"{what} shows {answer.text}"
        self.statuses[answer.status] = self.statuses.get(answer.status, 0) + 1


async def still_trades(world: RestWorld, victim: Victim) -> None:
    """The victim's order rests as before, and a new client trades through to its fills."""
    graph = await world.ok("GET", f"/v1/execution_graphs/{victim.graph_id}", key=victim.raw)
    assert graph["nodes"]["rest"]["working_qty_1e8"] == 7_654_000
    made = await world.ok("POST", "/v1/orders", BUY)
    assert (await world.done(made["graph_id"]))["status"] == "completed"


def test_every_writing_door_has_a_valid_body_here() -> None:
    missing = [
        f"{door.method} {door.path}"
        for door in all_doors()
        if door.writes and door.method != "DELETE" and door.name not in UNLISTED
        if (door.method, door.path) not in VALID
    ]
    assert not missing


def test_no_body_breaks_anything() -> None:
    async def main() -> None:
        async with rest_world(requests_per_second=1_000_000) as world:
            victim = await victim_of(world)
            attack = Attack(world, victim, 4)
            doors = [door for door in all_doors() if (door.method, door.path) in VALID]
            weights = [WEIGHTS.get(door.name, 1) for door in doors]
            for k in range(BODIES):
                if k % FRESH_EVERY == 0:
                    await attack.refresh()
                (door,) = attack.rng.choices(doors, weights)
                valid = attack.rng.choice(VALID[door.method, door.path])
                await attack.send(door, attack.target(door), attack.mutations.body(valid))
            await attack.refresh()
            await still_trades(world, victim)
            # Most are refused for what they are; some are still right, and are done.
            assert attack.statuses[422] > BODIES // 3
            assert attack.statuses[200] > BODIES // 50

    with Records.captured(logging.INFO) as records:
        asyncio.run(main())
    assert not records.failures


def test_no_query_breaks_anything() -> None:
    async def main() -> None:
        async with rest_world(requests_per_second=1_000_000) as world:
            victim = await victim_of(world)
            attack = Attack(world, victim, 5)
            await attack.refresh()
            doors = [door for door in all_doors() if not door.socket and door.scope is not None]
            doors = [door for door in doors if not door.writes]
            for _ in range(QUERIES):
                door = attack.rng.choice(doors)
                query = attack.mutations.query(parameters(door))
                await attack.send(door, f"{attack.target(door)}?{query}", b"")
            await still_trades(world, victim)
            assert attack.statuses[422] > QUERIES // 4
            assert attack.statuses[200] > QUERIES // 50

    with Records.captured(logging.INFO) as records:
        asyncio.run(main())
    assert not records.failures
