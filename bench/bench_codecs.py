"""Feed codecs from the bytes of a frame to rows in the ring; full size with EXECGRAPH_BENCH=full.

Measure with `EXECGRAPH_BENCH=full pytest bench/bench_codecs.py --benchmark-enable`. One round is
all frames; every frame's rows are released at once, as a book does.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

import msgspec
from pytest_benchmark.fixture import BenchmarkFixture

from bench.kernel_data import depth_frames
from bench.sizes import sized
from engine.kernels.delta_ring import DeltaRing
from engine.kernels.warm_up import warm_up
from engine.messages import BookDelta, BookSnapshot, FeedEvent
from engine.model.instruments import Instrument, InstrumentType, Listing
from venues.binance.feed_codec import BinanceFeedCodec
from venues.coinbase.feed_codec import CoinbaseFeedCodec
from venues.hyperliquid.feed_codec import HyperliquidFeedCodec
from venues.level_rows import Layout, general_rows, write_levels

FRAMES = sized(20, 1_000)
LEVELS = 20
RECV_NS = 1_717_171_717_123_456_789

Decode = Callable[[bytes, int], Sequence[FeedEvent]]


class Body(msgspec.Struct, gc=False):
    """A depth frame, its level arrays as bytes."""

    b: msgspec.Raw
    a: msgspec.Raw


def listing(venue: str, symbol: str) -> Listing:
    """A spot listing."""
    of = Instrument(symbol=symbol, type=InstrumentType.SPOT, base=symbol[:3], quote=symbol[3:])
    return Listing(venue=venue, venue_symbol=symbol, instrument=of, venue_index=0)


def decode_all(decode: Decode, frames: Sequence[bytes], ring: DeltaRing) -> int:
    """Rows of all frames."""
    rows = 0
    for frame in frames:
        for event in decode(frame, RECV_NS):
            assert isinstance(event, BookDelta | BookSnapshot)
            rows += event.count
            ring.release(event.start, event.count)
    return rows


def compact(value: object) -> bytes:
    """JSON as venues write it."""
    return json.dumps(value, separators=(",", ":")).encode()


def binance(live: bool) -> tuple[BinanceFeedCodec, DeltaRing]:
    """A spot codec before its first diff, or with the first of the frames applied."""
    warm_up()
    ring = DeltaRing()
    codec = BinanceFeedCodec([listing("binance", "BTCUSDT")], [ring])
    codec.subscribe()
    first = json.loads(depth_frames(1, LEVELS)[0])
    answer = {"lastUpdateId": first["U"] - 1, "bids": first["b"], "asks": first["a"]}
    decode_all(
        lambda payload, now: codec.decode_reply("symbol=BTCUSDT", payload, now),
        [compact(answer)],
        ring,
    )
    if live:
        decode_all(codec.decode, depth_frames(1, LEVELS), ring)
    return codec, ring


def bench_binance_live_diffs(benchmark: BenchmarkFixture) -> None:
    """The whole-frame kernel."""
    frames = depth_frames(FRAMES, LEVELS)[1:]

    def again() -> tuple[tuple[Decode, list[bytes], DeltaRing], dict[str, object]]:
        codec, ring = binance(live=True)
        return (codec.decode, frames, ring), {}

    rows = benchmark.pedantic(decode_all, setup=again, rounds=sized(1, 15))
    assert rows == len(frames) * 2 * LEVELS


def bench_coinbase_changes(benchmark: BenchmarkFixture) -> None:
    """Envelope by msgspec, sided levels by a kernel."""
    warm_up()
    ring = DeltaRing()
    codec = CoinbaseFeedCodec([listing("coinbase", "BTC-USD")], [ring])
    head = {"product_id": "BTC-USD", "time": "2024-06-01T12:00:00.123456Z"}
    frames = []
    for frame in depth_frames(FRAMES, LEVELS // 2):
        body = json.loads(frame)
        levels = [*(["buy", *level] for level in body["b"]), *(["sell", *x] for x in body["a"])]
        frames.append(compact({"type": "l2update", **head, "changes": levels}))
    body = json.loads(depth_frames(1, LEVELS)[0])
    snapshot = {"type": "snapshot", **head, "bids": body["b"], "asks": body["a"]}
    codec.subscribe()
    assert decode_all(codec.decode, [compact(snapshot)], ring) == 2 * LEVELS
    assert benchmark(decode_all, codec.decode, frames, ring) == FRAMES * LEVELS


def bench_hyperliquid_books(benchmark: BenchmarkFixture) -> None:
    """Envelope by msgspec, levels as objects by a kernel."""
    warm_up()
    ring = DeltaRing()
    codec = HyperliquidFeedCodec([listing("hyperliquid", "BTC")], [ring])
    frames = []
    for number, frame in enumerate(depth_frames(FRAMES, LEVELS)):
        body = json.loads(frame)
        sides = [[{"px": p, "sz": q, "n": 3} for p, q in body[side]] for side in "ba"]
        data = {"coin": "BTC", "time": 1_717_171_717_123 + number, "levels": sides}
        frames.append(compact({"channel": "l2Book", "data": data}))

    def again() -> tuple[tuple[Decode, list[bytes], DeltaRing], dict[str, object]]:
        codec.subscribe()
        return (codec.decode, frames, ring), {}

    rows = benchmark.pedantic(decode_all, setup=again, rounds=sized(1, 15))
    assert rows == FRAMES * 2 * LEVELS


def bench_levels_by_kernel(benchmark: BenchmarkFixture) -> None:
    """`write_levels` of both sides."""
    warm_up()
    ring = DeltaRing()
    read = msgspec.json.Decoder(Body).decode
    bodies = [read(frame) for frame in depth_frames(FRAMES, LEVELS)]

    def write_all() -> int:
        rows = 0
        for body in bodies:
            start, count = write_levels(ring, Layout.PAIR, body.b, body.a)
            ring.release(start, count)
            rows += count
        return rows

    assert benchmark(write_all) == FRAMES * 2 * LEVELS


def bench_levels_in_the_general_way(benchmark: BenchmarkFixture) -> None:
    """What a refused frame costs."""
    ring = DeltaRing()
    read = msgspec.json.Decoder(Body).decode
    bodies = [read(frame) for frame in depth_frames(FRAMES, LEVELS)]

    def write_all() -> int:
        return sum(
            general_rows(ring, 0, Layout.PAIR, side, bytes(raw))
            for body in bodies
            for side, raw in enumerate((body.b, body.a))
        )

    assert benchmark(write_all) == FRAMES * 2 * LEVELS
