"""Doors of prediction markets: discovery, settlement, redemption, maker rewards."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from engine.model.wire import Wire
from engine.service.access.scopes import Scope
from engine.service.markets.catalogue_port import MarketAsk
from engine.service.markets.rows import MarketsPage, Redeemed, Reward, Settlement
from engine.service.rest.call import Call
from engine.service.rest.door import Door

__all__ = ["DOORS"]

Text = Annotated[str, Meta(max_length=512)]
Cursor = Annotated[str, Meta(max_length=1_024)]


class MarketsQuery(Wire, frozen=True, kw_only=True):
    """Filters of the market list. `order` and `ascending` are taken and ignored: rows stand in
    the catalogue's own order. A `limit` above 1,000 means 1,000."""

    venue: Text = "polymarket"
    slug: Text | None = None
    clob_token_id: Text | None = None
    q: Text | None = None
    tag: Text | None = None
    tag_id: int | None = None
    related_tags: bool = False
    exclude_tag_id: int | None = None
    active: bool = True
    closed: bool = False
    limit: Annotated[int, Meta(ge=1)] = 20
    offset: Annotated[int, Meta(ge=0, le=1_000_000)] = 0
    cursor: Cursor | None = None
    expand: Text | None = None
    order: Text | None = None
    ascending: Text | None = None


class SettlementQuery(Wire, frozen=True, kw_only=True):
    """Whether the prices of the underlying are wanted too."""

    underlying: bool = False


class RedeemQuery(Wire, frozen=True, kw_only=True):
    """The venue of the market."""

    venue: Text


class NoFields(Wire, frozen=True, kw_only=True):
    """A body without fields."""


async def markets(call: Call, query: MarketsQuery, body: None) -> MarketsPage:
    """Prediction markets of one venue, page by page."""
    modes = {one.strip() for one in (query.expand or "").split(",")}
    ask = MarketAsk(
        venue=query.venue,
        q=query.q,
        tag=query.tag,
        tag_id=query.tag_id,
        related_tags=query.related_tags,
        exclude_tag_id=query.exclude_tag_id,
        active=query.active,
        closed=query.closed,
        limit=query.limit,
        offset=query.offset,
        cursor=query.cursor,
        expand="outcomes" in modes,
    )
    board = call.stack.markets
    return await board.page(ask, slug=query.slug, clob_token_id=query.clob_token_id)


async def settlement(call: Call, query: SettlementQuery, body: None) -> Settlement:
    """How a prediction market stands or ended."""
    return await call.stack.markets.settlement(call.path["slug"], underlying=query.underlying)


async def redeem(call: Call, query: RedeemQuery, body: NoFields | None) -> Redeemed:
    """Claim the winnings of a resolved market."""
    return await call.stack.markets.redeem(call.path["slug"], query.venue, call.client_id)


async def rewards(call: Call, query: None, body: None) -> tuple[Reward, ...]:
    """Every token in a maker reward programme."""
    return call.stack.markets.rewards()


async def reward(call: Call, query: None, body: None) -> Reward:
    """The maker reward programme of one token."""
    return call.stack.markets.reward(call.path["token_id"])


DOORS: tuple[Door, ...] = (
    Door("GET", "/v1/markets", Scope.READ, markets),
    Door("POST", "/v1/markets/{slug}/redeem", Scope.TRADE, redeem, once=True),
    Door("GET", "/v1/settlement/{slug}", Scope.READ, settlement),
    Door("GET", "/v1/polymarket/rewards", Scope.READ, rewards),
    Door("GET", "/v1/polymarket/rewards/{token_id}", Scope.READ, reward),
)
