"""`Portfolio`: positions, balances, P&L and the sandbox account of each client of one engine."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection, Sequence

from engine.model.instruments import Environment
from engine.model.units import PRICE_SCALE
from engine.service.api_error import ApiError, ErrorCode
from engine.service.config import RemoteVenues
from engine.service.engine import ExecutionEngine
from engine.service.portfolio.accounting import Adjustment, Book, Key, Kind, Redeem, Wipe
from engine.service.portfolio.event_names import EventNames
from engine.service.portfolio.fill_source import FillSource
from engine.service.portfolio.ledger import Ledger
from engine.service.portfolio.limits import risk_limits
from engine.service.portfolio.locks import locks_of
from engine.service.portfolio.marks import Marks
from engine.service.portfolio.rows import View, is_gone, rows_of, totals_of
from engine.service.portfolio.sandbox_side import SandboxSide
from engine.service.portfolio.seeding import (
    SeedCatalogue,
    SeedRequest,
    SettingsRequest,
    check_worth,
)
from engine.service.portfolio.store_positions import PositionStore
from engine.service.portfolio.views import (
    AccountCounts,
    AccountView,
    Positions,
    Redeemed,
    ResetReceipt,
    RiskLimitsView,
    SandboxSettings,
    SeedReceipt,
    Summary,
    SyncReport,
)
from venues.simulated.account import SEED_BALANCE_1E9

__all__ = ["Portfolio"]

FIXED = ("seed", "events", "latency_scale")


class Portfolio:
    """The portfolio service of a running engine; make one for each, `start` it, `close` it.

    Every answer is of what is durable when it is given. In the sandbox a client sees the seed of
    each quote asset at each venue, plus its own fills, less what its own open orders hold; the
    simulated exchange itself has one account a venue, which all clients of the engine share.
    """

    def __init__(self, engine: ExecutionEngine, *, names: EventNames | None = None) -> None:
        """`names` are the event markets and what the resolved ones pay."""
        world = engine.world
        listings = [one for market in world.markets.values() for one in market.listings]
        self._engine = engine
        self._names = names or EventNames()
        self._marks = Marks(world.markets)
        self._source = FillSource(engine.queries, engine.environment)
        self._store = PositionStore(engine.config.data_dir)
        self._side = SandboxSide(engine.sandbox_venues)
        self._ledger = Ledger(self._source, self._store, listings, SEED_BALANCE_1E9, self._side)
        aliases = {name: handle.symbol for name, handle in world.symbols.items()}
        self._catalogue = SeedCatalogue(listings, aliases, self._names)

    async def start(self) -> None:
        """Read all that is recorded; what was seeded and redeemed is back on the exchanges."""
        while True:
            if not self._ledger.read_page():
                return
            # Other work goes on between pages.
            await asyncio.sleep(0)

    def close(self) -> None:
        """Close the file of adjustments."""
        self._store.close()

    # -- what a client has

    async def positions(
        self,
        client_id: str,
        *,
        venues: Collection[str] | None = None,
        kinds: Collection[Kind] | None = None,
        include_closed: bool = False,
    ) -> Positions:
        """Rows of these venues and kinds (None: all), and their totals.

        ApiError for live venues: what is held there only they know, and they are not asked yet.
        """
        if self._engine.environment is not Environment.SANDBOX:
            text = "live balances are not read from the venues yet; see the fills for what was done"
            raise ApiError(ErrorCode.NOT_IMPLEMENTED, text)
        book = await self._current(client_id)
        rows = rows_of(self._view(client_id, book), venues, kinds)
        return Positions(
            positions=tuple(row for row in rows if include_closed or not is_gone(row)),
            totals=totals_of(rows, book.unbooked),
            as_of_ns=time.time_ns(),
        )

    async def summary(self, client_id: str) -> Summary:
        """The totals, and how many rows of each kind stand open."""
        found = await self.positions(client_id)
        counts = {kind.value: 0 for kind in Kind}
        for row in found.positions:
            counts[row.instrument.kind.value] += 1
        return Summary(totals=found.totals, counts=counts, as_of_ns=found.as_of_ns)

    async def sync(self, client_id: str) -> SyncReport:
        """Compare with the venues; ApiError where they cannot be asked."""
        await self._current(client_id)
        if not self._side.venues:
            text = "the venues of this engine cannot be asked for positions; its fills are the word"
            raise ApiError(ErrorCode.NOT_IMPLEMENTED, text)
        working = [(one.venue, one.symbol) for one in self._source.open_children(client_id)]
        return SyncReport(
            venues=self._side.venues,
            differences=self._side.differences(self._ledger.books.values(), working),
            as_of_ns=time.time_ns(),
        )

    async def account(
        self, client_id: str, *, key_id: str = "", scopes: Sequence[str] = ()
    ) -> AccountView:
        """The client, its limits, and how much there is of it."""
        book = await self._current(client_id)
        row = self._engine.queries.account(client_id, self._engine.environment)
        held = sum(1 for holding in book.holdings.values() if holding.qty_1e8)
        return AccountView(
            client_id=client_id,
            environment=self._engine.environment.value,
            key_id=key_id,
            scopes=tuple(scopes),
            limits=self._engine.config.account,
            counts=AccountCounts(
                graphs=row.graph_count if row else 0,
                open_graphs=self._source.open_graphs(client_id),
                orders=row.order_count if row else 0,
                fills=row.fill_count if row else 0,
                open_positions=held,
            ),
        )

    async def risk_limits(self, client_id: str) -> RiskLimitsView:
        """Limits, kill switches in force, and how much is used."""
        book = await self._current(client_id)
        children = self._source.open_children(client_id)
        return risk_limits(self._engine, client_id, book, children)

    # -- the sandbox account

    async def seed(self, client_id: str, request: SeedRequest) -> SeedReceipt:
        """Put positions in place; with `replace` on an account that is reset first.

        A seeded row starts anew: its P&L and fees are zero. ApiError names each fault.
        """
        seeds = self._catalogue.seeds(request)
        book = await self._current(client_id)
        adjustments: list[Adjustment] = [*seeds]
        deleted = 0
        if request.replace:
            balance = self._balance_1e9(client_id)
            adjustments.insert(0, Wipe(balance))
            deleted = held_count(book)
            fresh = Book(book.listings.values(), balance)
            check_worth(fresh, seeds, self._marks.mark_1e9)
        else:
            check_worth(book, seeds, self._marks.mark_1e9)
        if adjustments:
            self._ledger.adjust(client_id, time.time_ns(), adjustments)
        return SeedReceipt(written=len(seeds), deleted=deleted)

    async def reset(self, client_id: str) -> ResetReceipt:
        """Everything is gone, and each quote asset of each venue has the default balance again.

        Orders and fills stay on record; orders that are open go on, and may fill afterwards.
        """
        book = await self._current(client_id)
        balance, deleted = self._balance_1e9(client_id), held_count(book)
        self._ledger.adjust(client_id, time.time_ns(), [Wipe(balance)])
        return ResetReceipt(
            deleted=deleted,
            balance_usd=balance // PRICE_SCALE,
            venues=self._catalogue.venues,
        )

    def settings(self, client_id: str) -> SandboxSettings:
        """How the sandbox runs for this client."""
        venues = self._engine.config.venues
        return SandboxSettings(
            seed=venues.seed,
            events=venues.events,
            latency_scale=None if isinstance(venues, RemoteVenues) else venues.latency_scale,
            default_quote_balance_usd=self._balance_1e9(client_id) // PRICE_SCALE,
            writable=("default_quote_balance_usd",),
        )

    def change_settings(self, client_id: str, request: SettingsRequest) -> SandboxSettings:
        """Change what can be changed; ApiError for a new value of what is fixed at the start."""
        now = self.settings(client_id)
        faults = [
            (name, "is fixed when the engine starts; set it in the configuration's [venues]")
            for name in FIXED
            if getattr(request, name) not in (None, getattr(now, name))
        ]
        if faults:
            text = f"{', '.join(name for name, _ in faults)} cannot change while the engine runs"
            raise ApiError(ErrorCode.VALIDATION_ERROR, text, faults)
        if request.default_quote_balance_usd is not None:
            balance = request.default_quote_balance_usd * PRICE_SCALE
            self._store.choose_balance(client_id, balance)
        return self.settings(client_id)

    async def redeem(
        self, client_id: str, venue: str, slug: str, payoff_1e9: int | None = None
    ) -> Redeemed:
        """Pay out the client's contracts of a resolved market; quantity 0 where it has none.

        `payoff_1e9` is what a YES contract pays; None asks the catalogue, and CONFLICT is the
        answer while the market is open. NO contracts are paid the rest of one dollar.
        """
        payoff = self._names.payoff_1e9(venue, slug) if payoff_1e9 is None else payoff_1e9
        if payoff is None:
            text = f"{slug} on {venue} is not resolved; redeem it once it is"
            raise ApiError(ErrorCode.CONFLICT, text)
        if not 0 <= payoff <= PRICE_SCALE:
            text = f"a payoff lies between 0 and {PRICE_SCALE}, not {payoff}"
            raise ApiError(ErrorCode.INVALID_PARAMS, text)
        book = await self._current(client_id)
        holding = book.holdings.get((venue, Kind.EVENT_CONTRACT, slug))
        qty = holding.qty_1e8 if holding is not None else 0
        before = sum(book.cash.values())
        if qty:
            self._ledger.adjust(client_id, time.time_ns(), [Redeem(venue, slug, payoff)])
        paid = sum(book.cash.values()) - before
        return Redeemed(venue=venue, symbol=slug, qty_1e8=qty, payoff_1e9=payoff, paid_usd_1e9=paid)

    # -- helpers

    def mark_1e9(self, key: Key) -> int | None:
        """The price that a holding is valued at."""
        return self._marks.mark_1e9(key)

    async def _current(self, client_id: str) -> Book:
        """The client's book with all that is durable now."""
        await self._engine.flush()
        await self.start()
        return self._ledger.book(client_id)

    def _view(self, client_id: str, book: Book) -> View:
        locks = locks_of(self._source.open_children(client_id), book)
        return View(book, locks, self._names, self._marks.mark_1e9)

    def _balance_1e9(self, client_id: str) -> int:
        chosen = self._store.balance_1e9(client_id)
        return SEED_BALANCE_1E9 if chosen is None else chosen


def held_count(book: Book) -> int:
    """How many positions there are, money not counted."""
    return sum(1 for holding in book.holdings.values() if holding.qty_1e8)
