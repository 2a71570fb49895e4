"""What charts of a page share: colours of venues, axes with round numbers, legends, the frame."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from math import ceil, floor, log10
from typing import Final

__all__ = ["STYLE", "WIDTH", "colours_of", "legend", "svg", "tick_text", "ticks"]

WIDTH: Final = 720
LEGEND_ROW: Final = 20
CHARACTER: Final = 6.6
SWATCH: Final = 16
GAP: Final = 18
# No green and no red, which mean gain and cost; readable on black and on white.
PALETTE: Final = (
    "#3b7dd8",
    "#d9822b",
    "#8e62c9",
    "#1c9cb0",
    "#b8960c",
    "#c257a0",
    "#8a6d4f",
    "#6b7a8c",
    "#5b5bd6",
    "#a0a832",
)
FIXED: Final = ("binance", "coinbase", "kraken", "hyperliquid", "polymarket", "kalshi")
OTHERS: Final = len(PALETTE) - len(FIXED)
STYLE: Final = (
    ":root{color-scheme:light dark;--fg:#222;--bg:#fff;--dim:#6a6a6a;--line:#ddd;--axis:#999;"
    "--cost:#b3402e;--gain:#2e7d4f;--total:#33506b}"
    "@media (prefers-color-scheme:dark){:root{--fg:#e4e4e4;--bg:#16181b;--dim:#a0a0a0;"
    "--line:#3a3d42;--axis:#777;--cost:#e8705c;--gain:#4fb37c;--total:#7fa6cc}}"
    "body{font:15px/1.5 system-ui,sans-serif;max-width:760px;margin:2em auto;padding:0 1em;"
    "color:var(--fg);background:var(--bg)}h1{font-size:1.3em}h2{font-size:1.05em;margin-top:2em}"
    ".wide{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:13px}"
    "td,th{text-align:right;padding:3px 8px;border-bottom:1px solid var(--line)}"
    "td:first-child,th:first-child{text-align:left}svg{width:100%;height:auto}"
    ".note{color:var(--dim);font-size:13px}"
    "text{font:12px system-ui,sans-serif;fill:var(--fg)}text.dim{fill:var(--dim)}"
    "text.end{text-anchor:end}text.middle{text-anchor:middle}"
    ".cost{fill:var(--cost)}.gain{fill:var(--gain)}.total{fill:var(--total)}"
    ".axis{stroke:var(--axis)}.grid{stroke:var(--line)}"
    ".dashed{stroke:var(--fg);stroke-dasharray:4 4}"
    ".mark{fill:var(--dim)}.bare{fill:none;stroke:var(--fg)}"
)


def svg(height: float, title: str, content: str) -> str:
    """A drawing of the page's width with what it shows in words."""
    told = escape(title, quote=True)
    return (
        f'<svg viewBox="0 0 {WIDTH} {height:.0f}" role="img" aria-label="{told}">'
        f"<title>{told}</title>{content}</svg>"
    )


def colours_of(venues: Iterable[str]) -> dict[str, str]:
    """A colour a venue, the same on every page.

    Venues that are not known here take theirs by name, the next one where that is taken on this
    page; beyond ten venues colours repeat.
    """
    found: dict[str, str] = {}
    names = sorted(set(venues))
    for name in names:
        if name in FIXED:
            found[name] = PALETTE[FIXED.index(name)]
    for name in names:
        if name in found:
            continue
        free, start = PALETTE[len(FIXED) :], zlib.crc32(name.encode()) % OTHERS
        rest = (*free[start:], *free[:start], *PALETTE)
        taken = set(found.values())
        found[name] = next((one for one in rest if one not in taken), rest[0])
    return found


def ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Round values from `low` to `high`, at most `most`: multiples of 1, 2 or 5 times a power."""
    span = high - low
    if span <= 0.0:
        return [low]
    step = 10.0 ** floor(log10(span / most))
    for factor in (1.0, 2.0, 5.0, 10.0, 20.0):
        first, last = ceil(low / (step * factor) - 1e-9), floor(high / (step * factor) + 1e-9)
        if last - first < most:
            return [step * factor * index for index in range(first, last + 1)]
    raise AssertionError("twenty times a hundredth of the span leaves few enough")


def tick_text(value: float, values: Sequence[float]) -> str:
    """A tick's label with as many decimals as tell it from its neighbours."""
    step = abs(values[1] - values[0]) if len(values) > 1 else abs(value)
    decimals = max(0, -floor(log10(step) + 1e-9)) if step > 0.0 else 0
    text = f"{value:,.{min(decimals, 9)}f}"
    return text.removeprefix("-") if not text.strip("-0.,") else text


def legend(
    y: float, colours: Mapping[str, str], extra: Sequence[tuple[str, str]]
) -> tuple[str, float]:
    """Swatches of venues and further (mark, words); the drawing, and where it ends below.

    A mark is drawn with its centre at 0, 0.
    """
    items = [
        (f'<rect x="-5" y="-5" width="10" height="10" fill="{colour}"/>', name)
        for name, colour in colours.items()
    ]
    x, parts = 0.0, []
    for mark, words in (*items, *extra):
        width = SWATCH + CHARACTER * len(words)
        if x and x + width > WIDTH:
            x, y = 0.0, y + LEGEND_ROW
        parts.append(
            f'<g transform="translate({x + 6:.1f} {y:.1f})">{mark}</g>'
            f'<text x="{x + SWATCH:.1f}" y="{y + 4:.1f}">{escape(words)}</text>'
        )
        x += width + GAP
    return "".join(parts), y + LEGEND_ROW
