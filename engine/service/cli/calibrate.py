"""`execgraph calibrate`: whether forecasts hold what they say, over thousands of orders."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import msgspec

from engine.errors import ConfigError
from engine.service.calibration.harness import recorded_sample, simulated_sample
from engine.service.calibration.verdict import Coverage, Losses, Verdict
from engine.service.cli.progress import progress_bar
from engine.service.cli.tables import print_table

__all__ = ["add_arguments", "run"]

ORDERS = 2_000
ORDERS_MIN = 100
SEED = 1
COVERAGE_LEGEND = (
    "coverage of P90: the share that cost no more than its P90, 0.900 is wanted; Wilson: where\n"
    "the true share lies; band: where samples of a true 0.900 fall; ok: both hold"
)
LOSS_TITLE = "pinball loss at 0.9, less is better: forecasts against what they must beat"
LOSS_HEADER = (
    "unit",
    "orders",
    "our P90",
    "books alone",
    "law alone",
    "our P90 there",
    "one quantile",
    "width",
    "ratio",
)
LOSS_LEGEND = (
    "law: the square-root law, and our P90, over orders of known volume; one quantile: of all\n"
    "residuals, whatever the order; width: mean P90 - P50, and its ratio to that of one quantile"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `calibrate`."""
    parser.add_argument(
        "--orders", type=int, default=ORDERS, help=f"simulated orders to score; default {ORDERS}"
    )
    parser.add_argument("--seed", type=int, default=SEED, help="what is drawn; default 1")
    parser.add_argument(
        "--data", metavar="DIR", type=Path, help="also over the recordings in this folder"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(options: argparse.Namespace) -> int:
    """Measure and print; 0 when every criterion is met, 1 when one is missed."""
    if options.orders < ORDERS_MIN:
        raise ConfigError(f"--orders takes a number from {ORDERS_MIN} on, not {options.orders}")
    if options.data is not None and not options.data.is_dir():
        raise ConfigError(f"--data takes a folder of recordings; {options.data} is none")
    verdicts = []
    with progress_bar("simulating", enabled=not options.json) as progress:
        verdicts.append(simulated_sample(options.orders, options.seed, progress))
    if options.data is not None:
        with progress_bar("replaying", enabled=not options.json) as progress:
            verdicts.append(recorded_sample(options.data, options.seed, progress=progress))
    missed = any(one.misses for one in verdicts)
    if options.json:
        answer = {"passes": not missed, "samples": verdicts}
        print(msgspec.json.encode(answer).decode())
    else:
        for one in verdicts:
            print_verdict(one)
    return 1 if missed else 0


def print_verdict(verdict: Verdict) -> None:
    """One sample: its coverage by bucket, its losses, and what it misses as the last lines."""
    whole = verdict.whole
    fitted = f"{verdict.fitted} fitted before, seed {verdict.seed}"
    header = ("orders of a kind", "orders", "within P90", "95 % Wilson", "99.5 % band", "")
    rows = [coverage_row(one) for one in (whole, *verdict.buckets)]
    print_table(f"{verdict.sample}: {whole.orders} orders scored, {fitted}", header, rows)
    print(COVERAGE_LEGEND)
    low, high = verdict.blocks
    ratio, chance = verdict.kupiec
    print(f"coverage with neighbours drawn together: {low:.3f} to {high:.3f}")
    print(
        f"Kupiec's test: likelihood ratio {ratio:.2f}; chance of as much from 0.900: {chance:.3f}"
    )
    print_table(LOSS_TITLE, LOSS_HEADER, [loss_row(one) for one in verdict.losses])
    print(LOSS_LEGEND)
    for why, count in sorted(verdict.not_counted.items()):
        print(f"not counted: {count}, {why}")
    for miss in verdict.misses:
        print(f"missed: {miss}")
    if not verdict.misses:
        print(f"{verdict.sample}: every criterion is met")


def coverage_row(one: Coverage) -> Sequence[str]:
    """One line of the coverage table."""
    word = "" if one.passes is None else "ok" if one.passes else "MISSED"
    return (
        one.kind,
        str(one.orders),
        f"{one.coverage:.3f}",
        f"{one.wilson[0]:.3f}-{one.wilson[1]:.3f}",
        f"{one.band[0]:.3f}-{one.band[1]:.3f}",
        word,
    )


def loss_row(one: Losses) -> Sequence[str]:
    """One line of the losses."""
    return (
        one.unit,
        str(one.orders),
        f"{one.loss:.4f}",
        f"{one.walk:.4f}",
        "-" if one.law is None else f"{one.law:.4f}",
        "-" if one.loss_there is None else f"{one.loss_there:.4f}",
        f"{one.pooled_loss:.4f}",
        f"{one.width:.3f}",
        f"{one.width_ratio:.2f}",
    )
