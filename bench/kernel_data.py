"""Inputs of the kernel benchmarks: seeded book changes, Binance frames, decimal texts, markets."""

from __future__ import annotations

from bisect import bisect_left, insort
from dataclasses import dataclass
from random import Random

import numpy as np
from numpy.typing import NDArray

from engine.kernels.capacity import TERM_WIDTH
from engine.kernels.layout import new_block

__all__ = ["CurveProblem", "DecimalTexts", "book_changes", "curve_problems", "depth_frames"]

TICK_1E9 = 10**7
MID_TICKS = 6_400_000
LEVELS = 500
MEAN_RANK = 4.0


def book_changes(count: int, seed: int = 7) -> NDArray[np.int64]:
    """`count` rows (side, price_1e9, qty_1e8): a snapshot, then changes mostly near the top.

    Four in ten set a quantity, the rest insert and delete about equally; now and then the market
    moves one level against a side. About `LEVELS` levels a side, not crossed.
    """
    random = Random(seed)
    # Keys rise away from the top: minus the price of bids, the price of asks.
    sides: tuple[list[int], list[int]] = ([], [])
    rows: list[tuple[int, int, int]] = []

    def put(side: int, key: int, qty: int) -> None:
        rows.append((side, (key if side else -key) * TICK_1E9, qty))
        keys = sides[side]
        at = bisect_left(keys, key)
        known = at < len(keys) and keys[at] == key
        if qty and not known:
            insort(keys, key)
        elif not qty and known:
            del keys[at]

    for distance in range(1, LEVELS + 1):
        put(0, distance - MID_TICKS, random.randrange(1, 10**9))
        put(1, MID_TICKS + distance, random.randrange(1, 10**9))
    while len(rows) < count:
        side = random.randrange(2)
        keys = sides[side]
        if random.random() < 0.02:
            best = keys[0]
            put(side, best, 0)
            put(1 - side, -best, random.randrange(1, 10**9))
            continue
        near = random.random() < 0.95
        rank = int(random.expovariate(1 / MEAN_RANK)) if near else random.randrange(len(keys))
        rank = min(rank, len(keys) - 1)
        choice = random.random()
        if choice < 0.4:
            put(side, keys[rank], random.randrange(1, 10**9))
        elif (choice < 0.7 and len(keys) > 0.9 * LEVELS) or len(keys) > 1.1 * LEVELS:
            put(side, keys[rank], 0)
        else:
            while rank + 1 < len(keys) and keys[rank + 1] == keys[rank] + 1:
                rank += 1
            put(side, keys[rank] + 1, random.randrange(1, 10**9))
    return np.array(rows[:count], np.int64)


def depth_frames(count: int, levels: int, seed: int = 3) -> list[bytes]:
    """Bare spot `depthUpdate` frames of `levels` levels a side, as the venue writes them."""
    random = Random(seed)

    def side(sign: int) -> str:
        price = MID_TICKS
        parts = []
        for _ in range(levels):
            price += sign * random.randrange(1, 9)
            qty = 0 if random.random() < 0.3 else random.randrange(1, 3 * 10**5) * 1_000
            whole, fraction = divmod(qty, 10**8)
            text = f"{price // 100}.{price % 100:02d}000000"
            parts.append(f'["{text}","{whole}.{fraction:08d}"]')
        return f"[{','.join(parts)}]"

    return [
        (
            f'{{"e":"depthUpdate","E":{1_717_171_717_123 + k},"s":"BTCUSDT",'
            f'"U":{48_123_456_789 + 50 * k},"u":{48_123_456_838 + 50 * k},'
            f'"b":{side(-1)},"a":{side(1)}}}'
        ).encode()
        for k in range(count)
    ]


@dataclass
class DecimalTexts:
    """A level array and the exact integers it stands for, (price, quantity) a level."""

    raw: bytes
    wanted: list[tuple[int, int]]

    @staticmethod
    def random(random: Random, count: int) -> DecimalTexts:
        """Texts of every length up to 18 digits that the scales hold exactly."""
        parts, wanted = [], []
        for _ in range(count):
            price, price_text = _decimal(random, 9, 9)
            qty, qty_text = _decimal(random, 8, 10)
            parts.append(f'["{price_text}","{qty_text}"]')
            wanted.append((price, qty))
        return DecimalTexts(f"[{','.join(parts)}]".encode(), wanted)


def _decimal(random: Random, decimals: int, whole_digits: int) -> tuple[int, str]:
    """A positive number at 10**-decimals and a text of it with no or up to `decimals` decimals."""
    places = random.randrange(decimals + 1)
    value = random.randrange(1, 10 ** (random.randint(1, whole_digits) + places))
    whole, fraction = divmod(value, 10**places)
    text = f"{whole}.{fraction:0{places}d}" if places else str(whole)
    return value * 10 ** (decimals - places), text


@dataclass
class CurveProblem:
    """A read-only block, the venues' terms, and the sizes asked for."""

    block: NDArray[np.int64]
    terms: NDArray[np.float64]
    sizes: NDArray[np.int64]


def curve_problems(count: int, venues: int, levels: int, points: int) -> list[CurveProblem]:
    """Markets of equal shape and different books; the largest size is nine tenths of the asks."""
    return [_curve_problem(Random(seed), venues, levels, points) for seed in range(count)]


def _curve_problem(random: Random, venues: int, levels: int, points: int) -> CurveProblem:
    block = new_block(venues, levels)
    terms = np.zeros((venues, TERM_WIDTH), np.float64)
    for v in range(venues):
        terms[v] = (1.0, random.randrange(1, 12) / 10_000, random.random() * 1e8)
        for side, step in ((0, -1), (1, 1)):
            price = (MID_TICKS + step * random.randrange(1, 40)) * TICK_1E9
            block[v, side, 0, 0] = levels
            for row in range(levels, 0, -1):
                block[v, side, row] = (price, int(random.lognormvariate(16, 1.2)) + 1)
                price += step * random.randrange(1, 5) * TICK_1E9
    visible = int(block[:, 1, 1:, 1].sum())
    sizes = np.geomspace(visible / 10_000, visible * 0.9, points).astype(np.int64)
    for array in (block, terms, sizes):
        array.flags.writeable = False
    return CurveProblem(block, terms, sizes)
