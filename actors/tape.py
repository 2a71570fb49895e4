"""The tape actor: public trades of one listing, and of one instrument mids once a second."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.decisions.market import MarketBlock
from engine.decisions.market_tape import MarketTape
from engine.decisions.print_ring import SIDE_UNKNOWN
from engine.decisions.venue_observations import VenueObservations
from engine.kernels.layout import ASK, BID
from engine.messages import MidSample, TradePrint
from engine.runtime.actor import Actor, Lane, handles

__all__ = ["TapeActor"]

SAMPLE_NS = 1_000_000_000


class TapeActor(Actor[TradePrint | MidSample]):
    """Keeps the newest `prints_max` prints of one venue in the tape's ring of it.

    `tape` is what the nodes of the instrument read; its only writers are the instrument's tape
    actors, one a listing, of which the first, `sampling`, also looks at mid and spread.
    """

    lane = Lane.BACKGROUND
    mailbox_capacity = 4_096

    def __init__(
        self,
        market: MarketBlock,
        observations: VenueObservations,
        prints_max: int,
        tape: MarketTape | None = None,
        venue_index: int = 0,
        *,
        sampling: bool = True,
    ) -> None:
        self.market = market
        self.observations = observations
        self.tape = MarketTape() if tape is None else tape
        self.ring = self.tape.ring_of(venue_index, prints_max)
        self.sampling = sampling
        self.volume_1e8 = 0
        self.last_price_1e9 = 0

    @property
    def count(self) -> int:
        """How many prints there were."""
        return self.ring.count

    def on_start(self) -> None:
        if self.sampling:
            self.ctx.after(SAMPLE_NS, MidSample())

    @handles(TradePrint)
    def on_print(self, trade: TradePrint) -> None:
        side = SIDE_UNKNOWN if trade.side is None else int(trade.side)
        self.ring.put(trade.recv_ns, trade.price_1e9, trade.qty_1e8, side, trade.listing_id)
        self.volume_1e8 += trade.qty_1e8
        self.last_price_1e9 = trade.price_1e9
        self.tape.observe_price(trade.price_1e9)
        self.tape.observe_trade(self.ctx.now_ns, trade.qty_1e8)

    @handles(MidSample)
    def on_sample(self, sample: MidSample) -> None:
        mid_x2 = self.market.mid_x2()
        if mid_x2 is not None:
            self.observations.observe_mid(self.ctx.now_ns, mid_x2)
            bid, ask = self.market.best(BID), self.market.best(ASK)
            assert bid is not None, "a mid has two sides"
            assert ask is not None, "a mid has two sides"
            self.tape.observe_spread(ask - bid)
        self.tape.observe_time(self.ctx.now_ns)
        self.ctx.after(SAMPLE_NS, MidSample())

    def newest(self, count: int) -> NDArray[np.int64]:
        """The last `count` prints, oldest first."""
        return self.ring.newest(count)
