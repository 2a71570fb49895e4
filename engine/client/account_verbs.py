"""Verbs about execution intelligence, holdings, keys, venue credentials and the sandbox."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from engine.client.account_results import ApiKey, ApiKeys, Positions
from engine.client.amounts import Amount, plain_text
from engine.client.forecast_results import Forecast
from engine.client.intelligence_results import (
    AbReport,
    Observations,
    Simulation,
    SimulationJob,
    Summary,
)
from engine.client.request import JsonObject, QueryValue, Request, path_of
from engine.client.review_results import Decisions, Live, Review

__all__ = [
    "ab_report",
    "account",
    "api_keys",
    "connect_venue",
    "create_api_key",
    "decisions",
    "disconnect_venue",
    "forecast",
    "live",
    "observations",
    "positions",
    "review",
    "revoke_api_key",
    "risk_limits",
    "rotate_api_key",
    "sandbox_reset",
    "set_sandbox_positions",
    "simulate",
    "simulate_runs",
    "simulation_job",
    "summary",
    "venues",
]


def forecast(
    symbol: str, side: str, qty: Amount, *, urgency: str | None = None
) -> Request[Forecast]:
    """What an order would cost; a first call on a cold symbol takes up to half a second.

    `urgency` is low, medium (the default) or high; `SYMBOL:NO` is the NO side of an event contract.
    """
    query = {"symbol": symbol, "side": side, "qty": plain_text(qty), "urgency": urgency}
    return Request("GET", "/v1/execution/forecast", Forecast, query=query)


def simulate(
    symbol: str,
    side: str,
    qty: Amount,
    *,
    strategies: Iterable[str] = (),
    urgency: str | None = None,
    exclude_venues: Iterable[str] = (),
    passive_only: bool = False,
    max_cost_bps: Amount | None = None,
) -> Request[Simulation]:
    """Ways of working the same order side by side, at once; `simulate_runs` plays them out.

    `strategies` are aggressive, passive, split or policies; the first three unless given.
    """
    order = {"symbol": symbol, "side": side, "qty": plain_text(qty), "urgency": urgency}
    limits = _limits(exclude_venues, max_cost_bps, passive_only=passive_only)
    query = {**order, "strategies": tuple(strategies), **limits}
    return Request("GET", "/v1/execution/simulate", Simulation, query=query)


def simulate_runs(
    symbol: str,
    side: str,
    qty: Amount,
    *,
    runs: int | None = None,
    seed: int | None = None,
    strategies: Iterable[str] = (),
    urgency: str | None = None,
    exclude_venues: Iterable[str] = (),
    passive_only: bool = False,
    max_cost_bps: Amount | None = None,
) -> Request[SimulationJob]:
    """Ways of working the same order in seeded markets; `simulation_job` tells how it goes."""
    order = {"symbol": symbol, "side": side, "qty": plain_text(qty), "urgency": urgency}
    how = {"method": "simulated", "runs": runs, "seed": seed, "strategies": tuple(strategies)}
    limits = _limits(exclude_venues, max_cost_bps, passive_only=passive_only)
    query = {**order, **how, **limits}
    return Request("GET", "/v1/execution/simulate", SimulationJob, query=query)


def simulation_job(job_id: str) -> Request[SimulationJob]:
    """How far a simulation in seeded markets has come, and what its runs gave."""
    return Request("GET", path_of("/v1/execution/simulate/jobs/{}", job_id), SimulationJob)


def live(node_order_id: str) -> Request[Live]:
    """How an order is coming along: ahead or behind, and which venue gets worse."""
    return Request("GET", path_of("/v1/execution/live/{}", node_order_id), Live)


def review(node_order_id: str, decision_price: Amount | None = None) -> Request[Review]:
    """What happened to an order and why; with the price at which it was decided, also the delay."""
    price = None if decision_price is None else plain_text(decision_price, "decision_price")
    path = path_of("/v1/execution/review/{}", node_order_id)
    return Request("GET", path, Review, query={"decision_price": price})


def summary(
    start_date: str | None = None,
    end_date: str | None = None,
    *,
    symbol: str | None = None,
    venue: str | None = None,
) -> Request[Summary]:
    """All execution of some UTC days (YYYY-MM-DD), today unless given."""
    days = {"start_date": start_date, "end_date": end_date}
    query = {**days, "symbol": symbol, "venue": venue}
    return Request("GET", "/v1/execution/summary", Summary, query=query)


def decisions(
    node_order_id: str | None = None, last_n: int = 20, *, decision_id: int | None = None
) -> Request[Decisions]:
    """Routing decisions with their candidates; the one of an id."""
    query = {"node_order_id": node_order_id, "last_n": last_n, "decision_id": decision_id}
    return Request("GET", "/v1/execution/decisions", Decisions, query=query)


def ab_report(
    since: str | None = None, until: str | None = None, *, symbol: str | None = None
) -> Request[AbReport]:
    """What orders cost under each routing version; whole UTC days, all unless given."""
    query = {"since": since, "until": until, "symbol": symbol}
    return Request("GET", "/v1/analytics/ab_report", AbReport, query=query)


def observations(symbol: str) -> Request[Observations]:
    """What was learned of an instrument's venues: latency, refusals, fades, markouts, fills."""
    return Request("GET", "/v1/execution/observations", Observations, query={"symbol": symbol})


def positions(
    venues: Iterable[str] = (), kinds: Iterable[str] = (), *, include_closed: bool = False
) -> Request[Positions]:
    """All holdings: `fiat`, `crypto`, `perp`, `event_contract`."""
    closed = include_closed or None
    query = {"venues": tuple(venues), "kinds": tuple(kinds), "include_closed": closed}
    return Request("GET", "/v1/positions", Positions, query=query)


def account() -> Request[JsonObject]:
    """Who the key belongs to."""
    return Request("GET", "/v1/account", JsonObject)


def risk_limits() -> Request[JsonObject]:
    """The limits that orders are held to."""
    return Request("GET", "/v1/risk_limits", JsonObject)


def venues() -> Request[object]:
    """Venues that have credentials; never the credentials."""
    return Request("GET", "/v1/credentials", object)


def connect_venue(
    venue: str,
    api_key: str,
    api_secret: str,
    passphrase: str | None = None,
    extra_json: Mapping[str, object] | None = None,
) -> Request[JsonObject | None]:
    """Store a venue's credentials, sealed."""
    body: JsonObject = {"api_key": api_key, "api_secret": api_secret}
    if passphrase is not None:
        body["passphrase"] = passphrase
    if extra_json is not None:
        body["extra_json"] = extra_json
    return Request("PUT", path_of("/v1/credentials/{}", venue), JsonObject, body=body)


def disconnect_venue(venue: str) -> Request[JsonObject]:
    """Forget a venue's credentials."""
    return Request("DELETE", path_of("/v1/credentials/{}", venue), JsonObject)


def api_keys() -> Request[ApiKeys]:
    """The client's keys, without their secrets."""
    return Request("GET", "/v1/api_keys", ApiKeys)


def create_api_key(
    label: str, *, sandbox: bool = True, scopes: Sequence[str] | None = None
) -> Request[ApiKey]:
    """Make a key; the answer is the only place where it is ever shown."""
    body: JsonObject = {"label": label, "sandbox": sandbox}
    if scopes is not None:
        body["scopes"] = list(scopes)
    return Request("POST", "/v1/api_keys", ApiKey, body=body)


def rotate_api_key(key_id: str) -> Request[ApiKey]:
    """A new key in place of one, which stays good for a while."""
    return Request("POST", path_of("/v1/api_keys/{}/rotate", key_id), ApiKey)


def revoke_api_key(key_id: str) -> Request[JsonObject]:
    """End a key at once."""
    return Request("DELETE", path_of("/v1/api_keys/{}", key_id), JsonObject)


def set_sandbox_positions(
    positions: Sequence[Mapping[str, object]], *, replace: bool = False
) -> Request[JsonObject]:
    """Set holdings of the sandbox: venue, kind, symbol, qty and perhaps entry_price_usd."""
    body = {"positions": list(positions), "replace": replace}
    return Request("POST", "/v1/sandbox/positions", JsonObject, body=body)


def sandbox_reset() -> Request[JsonObject]:
    """Put the sandbox back to how it began."""
    return Request("POST", "/v1/sandbox/reset", JsonObject)


def _limits(
    exclude_venues: Iterable[str], max_cost_bps: Amount | None, *, passive_only: bool
) -> dict[str, QueryValue]:
    """What a simulation must keep to."""
    cost = None if max_cost_bps is None else plain_text(max_cost_bps, "max_cost_bps")
    return {
        "exclude_venues": tuple(exclude_venues),
        "passive_only": passive_only or None,
        "max_cost_bps": cost,
    }
