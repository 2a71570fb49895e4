"""The book actor: one instrument on one venue, the only writer of its slot in the market block."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from engine.decisions.market import BookSlot
from engine.decisions.market_tape import MarketTape
from engine.kernels.delta_ring import DeltaRing
from engine.messages import (
    BookDelta,
    BookSnapshot,
    BookStale,
    FeedAlive,
    PriceMoved,
    Resynchronise,
    StaleReason,
    TouchReached,
)
from engine.model.units import Side
from engine.runtime.actor import Actor, ActorRef, Lane, handles

__all__ = ["BookActor", "BookChecksum", "Levels"]

Levels = Sequence[tuple[int, int]]
BookChecksum = Callable[[int, Levels, Levels], int]

BUY: Final = Side.BUY
SELL: Final = Side.SELL
SPREADS_MAX = 5
BID_MOVED = 1
ASK_MOVED = 2


class BookActor(Actor[BookDelta | BookSnapshot | BookStale | FeedAlive]):
    """Applies runs of rows in one kernel call each; tells the router when a watched price is met.

    A book that finds itself wrong (checksum, overflow, bad value) goes stale at once and asks its
    feed to start over; it ignores deltas until the next snapshot.
    """

    lane = Lane.MARKET
    mailbox_capacity = 1_024

    def __init__(
        self,
        slot: BookSlot,
        ring: DeltaRing,
        feed: ActorRef,
        listing_id: int,
        router: ActorRef,
        checksum: BookChecksum,
        checksum_depth: int,
        prices: ActorRef,
        tape: MarketTape,
    ) -> None:
        self.slot = slot
        self.ring = ring
        self.feed = feed
        self.listing_id = listing_id
        self.router = router
        self.checksum = checksum
        self.checksum_depth = checksum_depth
        self.prices = prices
        self.tape = tape
        self.deltas = 0
        self.snapshots = 0
        self.resyncs = 0
        self.checksum_failures = 0
        self.stale_count = 0
        self.crossed = 0

    def on_start(self) -> None:
        if self.slot.healthy:
            # Restarted after a failure: the rows half applied may have spoiled the book.
            self.become_wrong(StaleReason.BROKEN_FRAME)

    @handles(BookDelta)
    def on_delta(self, delta: BookDelta) -> None:
        slot = self.slot
        if not slot.healthy:
            self.ring.release(delta.start, delta.count)
            return
        moved = slot.apply(self.ring, delta.start, delta.count)
        self.ring.release(delta.start, delta.count)
        self.deltas += 1
        if moved < 0:
            self.become_wrong(StaleReason.OVERFLOW)
            return
        slot.touch(delta.recv_ns, delta.exchange_ns, delta.sequence)
        if delta.checksum != -1 and not self.verified(delta.checksum):
            self.become_wrong(StaleReason.CHECKSUM)
            return
        if moved:
            self.announce(moved)
        elif slot.market.own.orders:
            self.tell_reached(BID_MOVED | ASK_MOVED)

    @handles(BookSnapshot)
    def on_snapshot(self, snapshot: BookSnapshot) -> None:
        moved = self.slot.replace(self.ring, snapshot.start, snapshot.count)
        self.ring.release(snapshot.start, snapshot.count)
        self.snapshots += 1
        self.resyncs += self.snapshots > 1 and not self.slot.healthy
        if moved < 0:
            self.become_wrong(StaleReason.OVERFLOW)
            return
        self.slot.mark_healthy(snapshot.recv_ns, snapshot.exchange_ns, snapshot.sequence)
        if snapshot.checksum != -1 and not self.verified(snapshot.checksum):
            self.become_wrong(StaleReason.CHECKSUM)
            return
        self.announce(BID_MOVED | ASK_MOVED)

    @handles(BookStale)
    def on_stale(self, stale: BookStale) -> None:
        self.stale_count += 1
        if stale.reason is StaleReason.CHECKSUM:
            # Some codecs check the venue's hash themselves.
            self.checksum_failures += 1
        self.slot.mark_stale(stale.reason)
        self.look()

    @handles(FeedAlive)
    def on_alive(self, alive: FeedAlive) -> None:
        self.slot.alive(alive.recv_ns)

    def announce(self, moved: int) -> None:
        """Tell who waits if a watched price is reached; most moves reach none."""
        market, venue = self.slot.market, self.slot.venue_index
        if market.best_bid[venue] >= market.best_ask[venue]:
            self.crossed += 1
        # Behind an order of our own the best of others moves though the best does not.
        self.tell_reached(moved if not market.own.orders else BID_MOVED | ASK_MOVED)
        mid = market.mid_value if market.mid_known else market.mid_x2()
        if mid is not None and (mid <= market.trigger_low_x2 or mid >= market.trigger_high_x2):
            self.tell_prices(mid)

    def tell_reached(self, moved: int) -> None:
        """Tell the router of the sides, of those that moved, whose best is at a watched price."""
        slot = self.slot
        market, venue = slot.market, slot.venue_index
        # An empty side is beyond every watch: first the cheap comparison, then the proof.
        ask_reached = moved & ASK_MOVED and market.best_ask[venue] <= market.watch_ask
        if ask_reached and slot.ask_reaches_watch():
            self.router.tell(TouchReached(venue, BUY))
        bid_reached = moved & BID_MOVED and market.best_bid[venue] >= market.watch_bid
        if bid_reached and slot.bid_reaches_watch():
            self.router.tell(TouchReached(venue, SELL))

    def look(self) -> None:
        """The consolidated mid may have moved for another reason than a write."""
        market = self.slot.market
        mid = market.mid_x2()
        if mid is not None and (mid <= market.trigger_low_x2 or mid >= market.trigger_high_x2):
            self.tell_prices(mid)

    def tell_prices(self, mid_x2: int) -> None:
        """A price that somebody waits for, unless the market is torn: then it is a phantom."""
        market = self.slot.market
        bid, ask = market.top_bid, market.top_ask
        assert bid is not None, "a mid has a bid"
        assert ask is not None, "a mid has an ask"
        usual = self.tape.usual_spread_1e9()
        # Venues that usually cross one another have no usual spread.
        if usual is None or usual <= 0 or ask - bid <= SPREADS_MAX * usual:
            self.prices.tell(PriceMoved(mid_x2, bid, ask))

    def verified(self, expected: int) -> bool:
        """Whether the venue's checksum reproduces on our levels."""
        depth = self.checksum_depth
        bids, asks = self.slot.levels(0, depth), self.slot.levels(1, depth)
        if self.checksum(self.listing_id, bids, asks) == expected:
            return True
        self.checksum_failures += 1
        return False

    def become_wrong(self, reason: StaleReason) -> None:
        """Stop trusting the book and have its feed start over."""
        self.slot.mark_stale(reason)
        self.look()
        self.stale_count += 1
        self.feed.tell(Resynchronise(self.listing_id))
