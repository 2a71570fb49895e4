"""The risk actor: every order of the engine passes here before it is split."""

from __future__ import annotations

from collections.abc import Mapping

from engine.decisions.admission import admission_denial
from engine.decisions.risk import Denial, RiskLedger
from engine.errors import Reason
from engine.messages import (
    AdmitGraph,
    AmendDenied,
    AmendGranted,
    AmendRequest,
    ApprovedRoute,
    BarVenue,
    ExposureChanged,
    GraphAdmitted,
    GraphDenied,
    HaltTrading,
    JournalWritable,
    Record,
    ReserveOpen,
    RouteDenied,
    RouteRequest,
)
from engine.model.instruments import Environment
from engine.model.records import TradingHalted
from engine.model.risk import AccountLimits, KillScope
from engine.runtime.actor import Actor, ActorRef, Lane, handles

__all__ = ["RiskActor"]

CANCELLING_MAX = 10_000


class RiskActor(
    Actor[
        AdmitGraph
        | RouteRequest
        | AmendRequest
        | ExposureChanged
        | ReserveOpen
        | HaltTrading
        | JournalWritable
    ]
):
    """Checks, holds, forwards; a denial goes back to the node. The only writer of the switch."""

    lane = Lane.EXECUTION
    mailbox_capacity = 8_192
    mailbox_hard_capacity = 131_072

    def __init__(
        self,
        ledger: RiskLedger,
        account_limits: AccountLimits,
        routers: Mapping[int, ActorRef],
        journal: ActorRef,
        environment: Environment,
    ) -> None:
        self.ledger = ledger
        self.account_limits = account_limits
        self.routers = routers
        self.journal = journal
        self.environment = environment
        self.denied = 0
        self.approved = 0
        # Halts whose cancel was promised: halting once more without one does not take it back.
        self.cancelling: dict[tuple[KillScope, str], None] = {}

    @handles(AdmitGraph)
    def on_admit(self, request: AdmitGraph) -> None:
        sender = self.ctx.ref(request.registry_id)
        assert sender is not None, "the registry outlives its requests"
        switch = self.ledger.switch
        if switch.halted:
            text = f"trading is halted: {switch.reason}"
            sender.tell(GraphDenied(request.graph_number, Reason.KILL_SWITCH, text))
            return
        if switch.scoped:
            for node in request.graph.nodes:
                pinned, symbol = node.instrument.venue or "", node.instrument.symbol
                graph_id = request.graph.graph_id or ""
                reason = switch.blocks(request.client_id, pinned, symbol, graph_id)
                if reason is not None:
                    text = f"trading is halted: {reason}"
                    sender.tell(GraphDenied(request.graph_number, Reason.KILL_SWITCH, text))
                    return
        denial = admission_denial(request.graph, request.worst_notional_1e9, self.account_limits)
        if denial is not None:
            sender.tell(GraphDenied(request.graph_number, denial.reason, denial.text))
            return
        sender.tell(GraphAdmitted(request.graph_number))

    @handles(RouteRequest)
    def on_route(self, request: RouteRequest) -> None:
        intent = request.intent
        verdict = self.ledger.authorise(intent, self.ctx.now_ns)
        if isinstance(verdict, Denial):
            self.denied += 1
            denied = RouteDenied(intent.attempt, intent.qty_1e8, verdict.reason, verdict.text)
            self.ctx.tell(intent.owner_id, denied)
            return
        if self.routers[intent.router_id].tell(ApprovedRoute(verdict)):
            self.approved += 1
            return
        self.ledger.settle(verdict.grant_id, 0, verdict.qty_1e8)
        text = "the router has no room; try again"
        denied = RouteDenied(intent.attempt, intent.qty_1e8, Reason.ENGINE_BUSY, text)
        self.ctx.tell(intent.owner_id, denied)

    @handles(AmendRequest)
    def on_amend(self, request: AmendRequest) -> None:
        """Leave to amend is a grant of its own, next to the order's present one."""
        intent = request.intent
        verdict = self.ledger.authorise(intent, self.ctx.now_ns)
        if isinstance(verdict, Denial):
            self.denied += 1
            self.ctx.tell(intent.owner_id, AmendDenied(verdict.reason, verdict.text, request.token))
        else:
            self.approved += 1
            self.ctx.tell(intent.owner_id, AmendGranted(verdict, request.token))

    @handles(ExposureChanged)
    def on_exposure(self, change: ExposureChanged) -> None:
        self.ledger.settle(change.grant_id, change.filled_qty_1e8, change.released_qty_1e8)

    @handles(ReserveOpen)
    def on_reserve(self, reserve: ReserveOpen) -> None:
        """A child of an earlier run that may still live keeps its exposure held."""
        self.ledger.reserve_open(
            reserve.grant_id,
            reserve.client_id,
            reserve.environment,
            reserve.router_id,
            reserve.side,
            reserve.qty_1e8,
            reserve.price_1e9,
        )

    @handles(HaltTrading)
    def on_halt(self, halt: HaltTrading) -> None:
        switch, name = self.ledger.switch, (halt.scope, halt.key)
        if halt.halted:
            switch.engage(*name, halt.reason)
        else:
            switch.clear(*name)
            self.cancelling.pop(name, None)
        cancels = halt.halted and (halt.cancel or name in self.cancelling)
        if cancels and len(self.cancelling) < CANCELLING_MAX:
            self.cancelling[name] = None
        payload = TradingHalted(halt.halted, halt.reason, *name, cancels)
        self.journal.tell(Record("", self.environment, "", "", payload))
        if halt.scope is KillScope.VENUE:
            for router in self.routers.values():
                router.tell(BarVenue(halt.key, halt.halted))

    @handles(JournalWritable)
    def on_journal(self, state: JournalWritable) -> None:
        self.ledger.switch.journal(state.writable, state.reason)
