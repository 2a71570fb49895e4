"""From what a caller names a market by to the engine's own symbol; answers are kept for 10 minutes.

`Resolver.resolve` takes plain symbols and aliases, polymarket slugs, token ids and event URLs,
kalshi tickers, and the sides `:yes` and `:no`. NO sides come back as the YES symbol, mirrored.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from engine.decisions.admission import InstrumentHandle
from engine.model.instruments import InstrumentType
from engine.model.mirror import Resolved
from engine.service.api_error import ApiError, ErrorCode
from engine.service.markets.catalogue_port import MarketCatalogue
from engine.service.markets.rows import MarketFact
from engine.service.markets.symbol_forms import (
    SymbolForm,
    bad_symbol,
    is_kalshi_shaped,
    read_form,
)

__all__ = ["Resolved", "Resolver", "engine_symbols", "plain_symbols"]

CACHE_NS = 600 * 1_000_000_000
CACHE_MAX = 4_096
CHOICES_SHOWN = 20
EVENT_VENUES = ("polymarket", "kalshi")


class Resolver:
    """Resolution with its cache; `symbols` are the engine's instruments and their aliases.

    At most 4,096 answers are kept, the oldest make room. Refusals are not kept: a market that is
    minted a second later must be found.
    """

    def __init__(
        self,
        catalogue: MarketCatalogue,
        symbols: Mapping[str, InstrumentHandle],
        clock_ns: Callable[[], int],
    ) -> None:
        self.plain = plain_symbols(symbols)
        self._catalogue = catalogue
        self._engine_symbols = engine_symbols(symbols)
        self._clock_ns = clock_ns
        self._kept: dict[tuple[str, str | None], tuple[int, Resolved]] = {}

    async def resolve(self, symbol: str, venue: str | None = None) -> Resolved:
        """What the symbol means; `venue` narrows an event contract down to that venue.

        ApiError NOT_FOUND for what nobody lists; VALIDATION_ERROR for what cannot be a symbol, an
        event of several markets (the choices are in the details) and a market that cannot be
        traded here.
        """
        plain = self.plain.get(symbol)
        if plain is not None and venue in (None, plain.venue):
            return plain
        if plain is not None and plain.venue is None:
            return plain
        key = symbol, venue
        kept = self._kept.get(key)
        now_ns = self._clock_ns()
        if kept is not None and kept[0] > now_ns:
            return kept[1]
        found = self._meaning(symbol, *await self.market(symbol, venue))
        self._kept.pop(key, None)
        if len(self._kept) >= CACHE_MAX:
            del self._kept[next(iter(self._kept))]
        self._kept[key] = now_ns + CACHE_NS, found
        return found

    async def market(self, symbol: str, venue: str | None = None) -> tuple[MarketFact, int]:
        """The market that the symbol names, traded here or not, and which outcome: 0 YES, 1 NO."""
        form = read_form(symbol)
        if form.venue is not None and venue not in (None, form.venue):
            raise bad_symbol(f"{symbol!r} is a market of {form.venue}, not of {venue}")
        if form.token:
            fact = await self._catalogue.of_token(form.name)
            if fact is None:
                raise unknown(symbol, venue)
            return fact, fact.token_ids.index(form.name)
        fact = await self._by_name(form, symbol, venue or form.venue)
        return fact, _outcome(fact, form.side, symbol)

    async def _by_name(self, form: SymbolForm, symbol: str, venue: str | None) -> MarketFact:
        for one in _venues(form.name, venue):
            name = form.name.upper() if one == "kalshi" else form.name
            found = await self._catalogue.named(one, name)
            if form.event is not None:
                found = [fact for fact in found if form.event in (fact.event_slug, fact.slug)]
            if len(found) > 1:
                raise ambiguous(symbol, form.side, found)
            if found:
                return found[0]
        raise unknown(symbol, venue)

    def _meaning(self, given: str, fact: MarketFact, outcome: int) -> Resolved:
        listed = self._engine_symbols.get((fact.venue, fact.symbol))
        if listed is None:
            raise not_traded(fact)
        return Resolved(
            given=given,
            symbol=listed,
            type=InstrumentType.PREDICTION,
            outcome="no" if outcome else "yes",
            mirrored=outcome == 1,
            venue=fact.venue,
            token_id=fact.token_ids[outcome],
        )


def plain_symbols(symbols: Mapping[str, InstrumentHandle]) -> dict[str, Resolved]:
    """Every symbol of the engine and its aliases, as what it means."""
    found: dict[str, Resolved] = {}
    for name, handle in symbols.items():
        listing = handle.listings[0]
        kind = listing.instrument.type
        event = kind is InstrumentType.PREDICTION
        token = listing.venue_symbol
        found[name] = Resolved(
            given=name,
            symbol=handle.symbol,
            type=kind,
            outcome="yes" if event else None,
            venue=listing.venue if event else None,
            token_id=(f"{token}:YES" if listing.venue == "kalshi" else token) if event else None,
        )
    return found


def engine_symbols(symbols: Mapping[str, InstrumentHandle]) -> dict[tuple[str, str], str]:
    """The engine's symbol by venue and the venue's own symbol, of event contracts."""
    return {
        (listing.venue, listing.venue_symbol): handle.symbol
        for handle in symbols.values()
        for listing in handle.listings
        if listing.instrument.type is InstrumentType.PREDICTION
    }


def _venues(name: str, venue: str | None) -> Sequence[str]:
    """Where to look, the likelier venue first."""
    if venue is not None:
        return (venue,)
    return EVENT_VENUES[::-1] if is_kalshi_shaped(name) else EVENT_VENUES


def _outcome(fact: MarketFact, side: str | None, symbol: str) -> int:
    """0 for YES, 1 for NO; the market's own names of its outcomes mean the same."""
    if side is None:
        return 0
    word = side.lower()
    names = [name.lower() for name in fact.outcomes]
    for index, plain in enumerate(("yes", "no")):
        if word in (plain, names[index]):
            return index
    known = ", ".join(f":{name}" for name in dict.fromkeys(["yes", "no", *names]))
    raise bad_symbol(f"{symbol!r} names no outcome of {fact.slug}; use one of {known}")


def unknown(symbol: str, venue: str | None) -> ApiError:
    """Refusal of what nobody lists."""
    where = f" on {venue}" if venue else ""
    text = (
        f"nothing is listed as {symbol!r}{where}; look symbols up with GET /v1/symbols "
        "and markets with GET /v1/markets?q="
    )
    return ApiError(ErrorCode.NOT_FOUND, text, [("symbol", text)])


def ambiguous(symbol: str, side: str | None, found: Sequence[MarketFact]) -> ApiError:
    """Refusal of an event that has several markets; each is a choice in the details."""
    suffix = f":{side}" if side else ""
    text = f"{symbol!r} is an event of {len(found)} markets; name one of them"
    choices = [f"{fact.slug}{suffix}: {fact.question}" for fact in found[:CHOICES_SHOWN]]
    details = [("symbol", text), *[("choice", one) for one in choices]]
    if len(found) > CHOICES_SHOWN:
        details.append(("choice", f"and {len(found) - CHOICES_SHOWN} more"))
    return ApiError(ErrorCode.VALIDATION_ERROR, text, details)


def not_traded(fact: MarketFact) -> ApiError:
    """Refusal of a market that the catalogue knows and the engine has no book of."""
    if fact.resolved is not None:
        text = f"{fact.slug} has resolved {fact.resolved!r}; positions in it can be redeemed"
    elif fact.placeholder:
        text = f"{fact.slug} stands for nobody yet; choose a market of a named candidate"
    elif not fact.trading:
        text = f"{fact.slug} takes no orders any more; it is {fact.status}"
    else:
        text = f"{fact.slug} is in the catalogue of {fact.venue}, but this engine has no book of it"
    return ApiError(ErrorCode.VALIDATION_ERROR, text, [("symbol", text)])
