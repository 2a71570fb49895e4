"""Exits that share a position: what one has out another may not send, and none wakes in vain."""

from __future__ import annotations

from engine.decisions.allowance import Allowance
from engine.messages import CancelChild, CancelNode, ShareChanged
from engine.model.graph import Edge, EdgeAction, Node, NodeStatus
from engine.model.orders import ReportKind
from tests.support.builders import node
from tests.support.node_stage import PRICE, QTY, NodeStage, named, progress

MS = 10**6
ENTRY = named(node(QTY), "entry")
EXIT = named(node(QTY, side="sell", limit_1e9=PRICE + 10**10), "exit")
MARKET_EXIT = named(node(QTY, side="sell"), "exit")
FILLED, CANCELLED = NodeStatus.FILLED, NodeStatus.CANCELLED


def sent(stage: NodeStage) -> int:
    request = stage.request()
    return 0 if request is None else request.intent.qty_1e8


def reducing(subject: Node = EXIT) -> tuple[NodeStage, Allowance]:
    """An entry and two exits that reduce one another; the second is the subject."""
    shared = Allowance((1, 2))
    first, second = named(subject, "first"), named(subject, "second")
    both = [
        Edge(from_node="entry", to_node="first", trigger="on_first_fill"),
        Edge(from_node="entry", to_node="second", trigger="on_first_fill"),
        Edge(from_node="first", to_node="second", trigger="on_fill", action=EdgeAction.REDUCE),
        Edge(from_node="second", to_node="first", trigger="on_fill", action=EdgeAction.REDUCE),
    ]
    stage = NodeStage([ENTRY, first, second], both, allowance=shared)
    return stage, shared


def test_an_exit_shrinks_by_what_the_other_fills_and_ends_with_nothing_left() -> None:
    stage, _ = reducing()
    stage.hear(progress(0, 1, QTY, status=FILLED))
    assert sent(stage) == QTY
    stage.rest(QTY)
    stage.hear(progress(1, 1, QTY // 4))
    assert len(stage.take(stage.trade, CancelChild)) == 1
    stage.report(ReportKind.CANCELLED, cum_qty_1e8=0)
    stage.run(1_000 * MS)
    assert sent(stage) == QTY * 3 // 4
    stage.rest(QTY * 3 // 4, number=1)
    stage.hear(progress(1, 2, QTY, status=FILLED))
    stage.report(ReportKind.CANCELLED, 1, cum_qty_1e8=0)
    ended = stage.ended()
    assert ended is not None and ended.progress.status is CANCELLED
    assert "nothing is left" in ended.reason


def test_what_the_other_has_out_is_not_sent_and_becomes_free_with_its_end() -> None:
    stage, shared = reducing()
    shared.exposed[1] = QTY // 4
    stage.hear(progress(0, 1, QTY, status=FILLED))
    assert sent(stage) == QTY * 3 // 4
    stage.rest(QTY * 3 // 4)
    shared.exposed[1] = 0
    stage.tell(stage.ref, ShareChanged())
    assert sent(stage) == QTY // 4


def test_an_exit_that_another_goes_before_pulls_what_rests() -> None:
    stage, shared = reducing()
    stage.hear(progress(0, 1, QTY, status=FILLED))
    stage.rest(QTY)
    assert shared.exposed[2] == QTY
    shared.claim(1)
    shared.wanted[1] = QTY
    stage.tell(stage.ref, ShareChanged())
    assert len(stage.take(stage.trade, CancelChild)) == 1
    stage.report(ReportKind.CANCELLED, cum_qty_1e8=0)
    assert shared.exposed[2] == 0
    assert stage.take(stage.peers[1], ShareChanged), "the other hears that there is room"


def test_an_exit_whose_sibling_had_ended_before_a_restart_tells_it_nothing() -> None:
    stage, _ = reducing()
    stage.peers[1] = stage.graph
    stage.hear(progress(0, 1, QTY, status=FILLED))
    stage.rest(QTY)
    stage.tell(stage.ref, CancelNode("enough"))
    stage.report(ReportKind.CANCELLED, cum_qty_1e8=0)
    assert stage.ended() is not None
    assert stage.got(stage.graph) == [], "the graph stands in for it and has no use for that"


def test_exits_have_no_more_out_than_the_entry_has_filled() -> None:
    stage, _ = reducing()
    stage.hear(progress(0, 1, QTY // 2))
    assert sent(stage) == QTY // 2


def test_an_empty_book_is_not_tried_again_for_the_same_room() -> None:
    stage, shared = reducing(MARKET_EXIT)
    shared.exposed[1] = QTY // 2
    stage.hear(progress(0, 1, QTY, status=FILLED))
    assert sent(stage) == QTY // 2
    stage.plan(unplaced=QTY // 2)
    tries = 1 if sent(stage) else 0
    for _ in range(20):
        # The other sweeps the empty book as well, and says each time that its try is over.
        stage.tell(stage.ref, ShareChanged())
        if sent(stage):
            tries += 1
            stage.plan(unplaced=QTY // 2)
    assert tries <= 1
    shared.exposed[1] = 0
    stage.tell(stage.ref, ShareChanged())
    assert sent(stage) == QTY, "there is more room than at the last try"
