"""A choice of where to rest comes out of its stored record again, and only that one."""

from __future__ import annotations

import random
from typing import Any

import msgspec
import pytest

from engine.decisions.market import NO_ASK, MarketBlock
from engine.decisions.post_record import PostRecorder, redo_post, unsound
from engine.decisions.posts import Posts, asked_price_1e9
from engine.errors import Reason
from engine.model.fees import FeeSchedule
from engine.model.records import PostRecord, PostRules
from engine.model.units import Side
from tests.support.builders import BTC, fill_slot, intent, listing

QTY = 10**8
PRICE = 64_000 * 10**9
TICK = 10**7


def stored(record: PostRecord) -> PostRecord:
    return msgspec.msgpack.decode(msgspec.msgpack.encode(record), type=PostRecord)


def random_market(rng: random.Random) -> MarketBlock:
    """Venues of every kind: fees unknown, flat or of an event, one side empty, one of ours."""
    count = rng.randrange(1, 6)
    listings = []
    for v in range(count):
        maker = rng.randrange(-100, 300)
        fees = FeeSchedule(taker_ppm=400, maker_ppm=maker, quadratic=rng.random() < 0.2)
        rules = {
            "fees": fees if rng.random() < 0.9 else None,
            "tick_1e9": rng.choice((10**7, 10**8, 10**9)),
            "lot_1e8": rng.choice((1_000, 7_000, 100_000)),
            "qty_min_1e8": rng.choice((1_000, 10**6)),
            "notional_min_1e9": rng.choice((0, 10 * 10**9)),
        }
        listings.append(listing(f"v{v}", v, **rules))
    block = MarketBlock(BTC, listings, 16)
    for v in range(count):
        bid = [(PRICE - rng.randrange(1, 4) * TICK, QTY)] if rng.random() < 0.9 else []
        ask = [(PRICE + rng.randrange(0, 4) * TICK, QTY)] if rng.random() < 0.9 else []
        fill_slot(block.slot(v), bid, ask)
        if rng.random() < 0.3:
            block.own.put(f"own{v}", v, rng.randrange(2), PRICE, QTY)
    return block


@pytest.mark.parametrize("seed", range(60))
def test_what_was_chosen_comes_out_of_the_record_bit_for_bit(seed: int) -> None:
    rng = random.Random(seed)
    block = random_market(rng)
    posts = Posts(block)
    recorder = PostRecorder(block, posts)
    reasons = [
        rng.choice((Reason.NONE, Reason.NONE, Reason.NONE, Reason.STALE_VENUE))
        for _ in block.listings
    ]
    for number in range(10):
        side = rng.choice((Side.BUY, Side.SELL))
        price = PRICE + rng.randrange(-3, 4) * TICK + rng.randrange(3)
        qty = rng.randrange(1, 3 * 10**7)
        most = rng.randrange(4)
        wish = intent(
            side=side, qty_1e8=qty, post_venues=most, limit_price_1e9=price, attempt=number
        )
        choice = (
            posts.choose(wish, None, reasons) if most else posts.rest(side, qty, price, reasons)
        )
        record = stored(recorder.record(wish, (qty, price, most), reasons, choice, number))
        assert redo_post(record) == choice
        assert record.places == choice.places
        assert record.unplaced_qty_1e8 + sum(place[1] for place in record.places) == qty
        assert (record.reason, record.attempt, record.decision_id) == (
            choice.reason, number, number,
        )  # fmt: skip
        assert unsound(record) == ""


def one_of(**fields: Any) -> PostRecord:
    values: dict[str, Any] = {
        "decision_id": 1,
        "attempt": 1,
        "routing_version": 1,
        "symbol": "BTC-USD",
        "side": Side.BUY,
        "qty_1e8": QTY,
        "price_1e9": PRICE,
        "venues_max": 1,
        "mid_1e9": PRICE,
        "rules": (
            PostRules("a", 200, 0, TICK, 1_000, 1_000, 0),
            PostRules("b", 100, 0, TICK, 1_000, 1_000, 0),
        ),
        "eligibility": ("", ""),
        "own_1e9": (PRICE, PRICE),
        "far_1e9": (PRICE + TICK, PRICE + TICK),
        "meets_own": (),
        "places": ((1, QTY, PRICE),),
        "unplaced_qty_1e8": 0,
        "reason": "",
    }
    return PostRecord(**(values | fields))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("eligibility", ("", "STALE_VENUE")),
        ("far_1e9", (PRICE + TICK, PRICE)),
        ("price_1e9", PRICE - TICK),
        ("qty_1e8", QTY - 1_000),
        ("venues_max", 2),
        ("side", Side.SELL),
        ("rules", (PostRules("a", 99, 0, TICK, 1_000, 1_000, 0),
                   PostRules("b", 100, 0, TICK, 1_000, 1_000, 0))),
    ],
)  # fmt: skip
def test_every_input_is_one_that_the_choice_depends_on(field: str, value: object) -> None:
    record = one_of()
    assert redo_post(record).places == record.places
    assert redo_post(one_of(**{field: value})).places != record.places


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("eligibility", ("",)),
        ("eligibility", ("", "no such reason")),
        ("own_1e9", ()),
        ("far_1e9", (1, 2, 3)),
        ("places", ((2, QTY, PRICE),)),
        ("venues_max", -1),
        ("rules", (PostRules("a", 1, 0, 0, 1, 1, 0), PostRules("b", 1, 0, 1, 0, 1, 0))),
    ],
)
def test_what_cannot_be_redone_is_named(field: str, value: object) -> None:
    assert unsound(one_of()) == ""
    assert unsound(one_of(**{field: value})) == field
    assert unsound(one_of(venues_max=0)) == "meets_own"
    assert unsound(one_of(venues_max=0, meets_own=(False, True))) == ""


def test_the_record_keeps_what_the_books_showed_and_what_was_asked() -> None:
    block = MarketBlock(BTC, [listing("a", 0), listing("b", 1)], 16)
    fill_slot(block.slot(0), [(PRICE - TICK, QTY)], [(PRICE + TICK, QTY)])
    fill_slot(block.slot(1), [(PRICE - 2 * TICK, QTY)], [])
    posts = Posts(block)
    wish = intent(side=Side.BUY, qty_1e8=QTY, limit_price_1e9=PRICE + TICK, post_venues=1)
    price = asked_price_1e9(wish, PRICE)
    assert price == PRICE, "a tighter cap comes before the limit"
    assert asked_price_1e9(wish, None) == PRICE + TICK
    reasons = [Reason.NONE] * 2
    choice = posts.choose(wish, PRICE, reasons)
    made = PostRecorder(block, posts).record(wish, (QTY, price, 1), reasons, choice, 5)
    assert made.venues == ("a", "b")
    assert (made.own_1e9, made.far_1e9) == (
        (PRICE - TICK, PRICE - 2 * TICK),
        (PRICE + TICK, NO_ASK),
    )
    assert (made.qty_1e8, made.price_1e9, made.mid_1e9) == (QTY, PRICE, PRICE)
    assert made.meets_own == ()
