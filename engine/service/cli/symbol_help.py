"""What to do about a symbol that a command does not know: names like it, or the choices it has."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Final

from engine.errors import ConfigError
from engine.service.api_error import ApiError, ErrorCode

__all__ = ["near_names", "symbol_error"]

SHOWN: Final = 5
LIKENESS: Final = 0.6
FORMS: Final = "a pair, a market's slug, ticker, token id or polymarket URL, each with :yes or :no"


def symbol_error(error: ApiError, symbol: str, known: Iterable[str]) -> ConfigError:
    """The refusal of a symbol in words for the command line; `known` are the engine's symbols.

    Any other refusal keeps its own words.
    """
    choices = [text for path, text in error.details if path == "choice"]
    if choices:
        return ConfigError(f"{error}: {'; '.join(choices)}")
    if error.code is not ErrorCode.NOT_FOUND:
        return ConfigError(str(error))
    names = sorted(known)
    name, _, side = symbol.partition(":")
    if side and name in names:
        return ConfigError(
            f"{name} has no side {side!r:.80}: only event contracts have two, yes and no; "
            f"ask for {name}"
        )
    near = near_names(symbol, names)
    if near:
        return ConfigError(f"nothing is listed as {symbol!r:.120}; did you mean {', '.join(near)}?")
    listed = f"{', '.join(names[:SHOWN])} and {len(names) - SHOWN} more"
    if len(names) <= SHOWN:
        listed = ", ".join(names) or "nothing"
    return ConfigError(
        f"nothing is listed as {symbol!r:.120}; a symbol is {FORMS}, and listed are {listed}"
    )


def near_names(symbol: str, names: Iterable[str]) -> list[str]:
    """At most five names like it, the likeliest first; a side after a colon is put back."""
    name, colon, side = symbol[:256].rpartition("/")[2].partition(":")
    wanted = name.lower()
    by_lower = {one.lower(): one for one in names}
    near = get_close_matches(wanted, by_lower, SHOWN, LIKENESS)
    if len(wanted) > 2:
        near += [one for one in by_lower if wanted in one and one not in near]
    return [f"{by_lower[one]}{colon}{side}" for one in near[:SHOWN]]
