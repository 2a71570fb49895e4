"""The door of a simulated venue: habits as data, and every check of an order that needs no book."""

from __future__ import annotations

import random
from typing import Protocol

import msgspec

from engine.model.native import NO_NATIVE_VERBS, NativeVerbs
from venues.simulated.faults import FaultModel, Storm
from venues.simulated.order_checks import (
    BAD_SIGNATURE,
    BUSY,
    DUPLICATE_ID,
    NOT_INDEXED,
    RATE_LIMITED,
    STALE_REQUEST,
    VOID_ID,
    Refusal,
)
from venues.simulated.orders import CLOSED_MAX, OrderMemory
from venues.simulated.protocol import Place

__all__ = ["Door", "ExchangeConfig"]

PPM = 1_000_000


class ExchangeConfig(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Habits of a venue. Zero switches the rate limit, busy answers and so on off.

    `unclassified_ppm` of fills carry no maker flag; `busy_ppm` of places are refused as busy, and
    `server_error_ppm` are answered by an error that does not say whether the order was taken (one
    in two was). A market in `indexed_at_ns` refuses orders until that time, since nothing is known
    of it yet. Without `signature_valid` no order is accepted at all. `native` is what may be done
    to a resting order.
    """

    unclassified_ppm: int = 0
    busy_ppm: int = 0
    server_error_ppm: int = 0
    places_max: int = 0
    places_window_ns: int = 1_000_000_000
    recv_window_ns: int = 5_000_000_000
    protection_ppm: int = 50_000
    short_allowed: bool = True
    signature_valid: bool = True
    indexed_at_ns: dict[str, int] = {}
    closed_max: int = CLOSED_MAX
    orders_max: int = 65_536
    native: NativeVerbs = NO_NATIVE_VERBS


class Weather(Protocol):
    """Who tells the storms of a venue; None: it is always fair."""

    weather: FaultModel | None


class Door:
    """What stands between the wire and the books: ids, signature, age, rate, storms, moods.

    `signature_valid` may be changed at any time, as a key is revoked and given back.
    """

    def __init__(
        self, config: ExchangeConfig, rng: random.Random, memory: OrderMemory, venue: Weather
    ) -> None:
        self.config = config
        self.rng = rng
        self.memory = memory
        self.venue = venue
        self.signature_valid = config.signature_valid
        self.window_start_ns = 0
        self.window_places = 0

    def refuses(self, request: Place, now_ns: int) -> Refusal | None:
        """Why a place is refused before anybody looks at its market; None lets it in.

        A used id comes first: whatever else is wrong with a copy, the order of that id lives.
        """
        if self.memory.get(request.id) is not None:
            return DUPLICATE_ID
        if request.id in self.memory.void:
            return VOID_ID
        refusal = self.shut_to(request.sent, now_ns)
        if refusal is not None:
            return refusal
        config = self.config
        if config.indexed_at_ns and now_ns < config.indexed_at_ns.get(request.sym, 0):
            return NOT_INDEXED
        return None

    def shut_to(self, sent_ns: int, now_ns: int) -> Refusal | None:
        """Why nobody's request is let in now: signature, age, rate, mood."""
        if not self.signature_valid:
            return BAD_SIGNATURE
        config = self.config
        if sent_ns and now_ns - sent_ns > config.recv_window_ns:
            return STALE_REQUEST
        if self.storm(now_ns) is Storm.RATE or self.over_rate(now_ns):
            return RATE_LIMITED
        if config.busy_ppm and self.rng.randrange(PPM) < config.busy_ppm:
            return BUSY
        return None

    def fails(self, now_ns: int) -> bool:
        """Whether the venue breaks down over a place; the caller draws if it was carried out."""
        if self.storm(now_ns) is Storm.ERROR:
            return True
        share = self.config.server_error_ppm
        return share > 0 and self.rng.randrange(PPM) < share

    def over_rate(self, now_ns: int) -> bool:
        """Count a place; True past the limit of its window."""
        config = self.config
        if not config.places_max:
            return False
        # A clock that went back begins a new window too.
        if not 0 <= now_ns - self.window_start_ns < config.places_window_ns:
            self.window_start_ns, self.window_places = now_ns, 0
        self.window_places += 1
        return self.window_places > config.places_max

    def storm(self, now_ns: int) -> Storm:
        """The storm of this moment."""
        weather = self.venue.weather
        return weather.storm(now_ns) if weather is not None else Storm.NONE
