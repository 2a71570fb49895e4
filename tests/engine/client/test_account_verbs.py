"""Verbs of intelligence, holdings and keys ask for what their names say."""

from __future__ import annotations

from engine.client import account_verbs as verbs

ORDER = "graph:g:n:1"


def test_execution_intelligence() -> None:
    target = verbs.forecast("ETH-USD", "buy", "10.50").target
    assert target == "/v1/execution/forecast?symbol=ETH-USD&side=buy&qty=10.50"
    assert verbs.forecast("A", "buy", 1, urgency="low").query["urgency"] == "low"
    both = verbs.simulate("A", "buy", 1, strategies=["passive", "time_drip"]).query
    assert both["strategies"] == "passive,time_drip"
    asked = verbs.simulate(
        "A", "sell", 1, urgency="low", exclude_venues=["x"], passive_only=True, max_cost_bps=2.5
    )
    assert asked.query == {
        "symbol": "A",
        "side": "sell",
        "qty": "1",
        "urgency": "low",
        "exclude_venues": "x",
        "passive_only": "true",
        "max_cost_bps": "2.5",
    }
    assert verbs.live(ORDER).target == "/v1/execution/live/graph%3Ag%3An%3A1"
    assert verbs.review(ORDER).target == "/v1/execution/review/graph%3Ag%3An%3A1"
    late = verbs.review(ORDER, "2300.50").query
    assert late == {"decision_price": "2300.50"}
    target = verbs.observations("KX-1:NO").target
    assert target == "/v1/execution/observations?symbol=KX-1%3ANO"
    assert verbs.decisions(last_n=3).target == "/v1/execution/decisions?last_n=3"
    days = verbs.summary("2026-01-01", symbol="A").query
    assert days == {"start_date": "2026-01-01", "symbol": "A"}


def test_simulations_in_seeded_markets_and_versions_side_by_side() -> None:
    asked = verbs.simulate_runs(
        "A", "buy", "0.50", runs=20, seed=7, strategies=["sor", "split"], max_cost_bps="1.0"
    )
    assert asked.path == "/v1/execution/simulate"
    assert asked.query == {
        "symbol": "A",
        "side": "buy",
        "qty": "0.50",
        "method": "simulated",
        "runs": "20",
        "seed": "7",
        "strategies": "sor,split",
        "max_cost_bps": "1.0",
    }
    assert verbs.simulation_job("sim_1").target == "/v1/execution/simulate/jobs/sim_1"
    report = verbs.ab_report("2026-01-01", symbol="A").target
    assert report == "/v1/analytics/ab_report?since=2026-01-01&symbol=A"


def test_holdings_and_limits() -> None:
    found = verbs.positions(["kraken"], ["fiat", "perp"], include_closed=True).target
    assert found == "/v1/positions?venues=kraken&kinds=fiat%2Cperp&include_closed=true"
    assert verbs.account().target == "/v1/account"
    assert verbs.risk_limits().target == "/v1/risk_limits"


def test_keys_and_credentials() -> None:
    stored = verbs.connect_venue("okx", "k", "s", "p", {"a": 1})
    assert (stored.method, stored.target) == ("PUT", "/v1/credentials/okx")
    assert stored.body == {
        "api_key": "k",
        "api_secret": "s",
        "passphrase": "p",
        "extra_json": {"a": 1},
    }
    assert verbs.disconnect_venue("okx").method == "DELETE"
    assert verbs.venues().target == "/v1/credentials"
    made = verbs.create_api_key("desk", scopes=("read",))
    assert made.body == {"label": "desk", "sandbox": True, "scopes": ["read"]}
    assert verbs.rotate_api_key("k").target == "/v1/api_keys/k/rotate"
    assert verbs.revoke_api_key("k").method == "DELETE"
    assert verbs.api_keys().target == "/v1/api_keys"


def test_the_sandbox_is_set_and_put_back() -> None:
    row = {"venue": "kraken", "kind": "fiat", "symbol": "USD", "qty": 5}
    assert verbs.set_sandbox_positions([row], replace=True).body == {
        "positions": [row],
        "replace": True,
    }
    assert verbs.sandbox_reset().target == "/v1/sandbox/reset"
