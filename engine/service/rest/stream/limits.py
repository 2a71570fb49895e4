"""Every bound of the stream in one place."""

from __future__ import annotations

import msgspec

__all__ = ["StreamLimits"]


class StreamLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds of one environment's stream; times in seconds unless their name says otherwise.

    A reader whose backlog of order events passes `backlog_entries` or `backlog_bytes` is cut off.
    Market topics hold one frame a channel at most, which all their readers share.
    """

    readers: int = 1_024
    readers_of_client: int = 128
    channels: int = 256
    frame_bytes: int = 65_536
    frames_burst: int = 64
    frames_per_s: float = 32.0
    backlog_entries: int = 8_192
    backlog_bytes: int = 4 * 2**20
    batch_bytes: int = 65_536
    transport_bytes: int = 65_536
    socket_bytes: int | None = 262_144
    write_timeout_s: float = 15.0
    close_timeout_s: float = 2.0
    heartbeat_s: float = 20.0
    tick_s: float = 0.025
    prediction_tick_s: float = 0.005
    replay_entries: int = 100_000
    replays_at_once: int = 4
    portion: int = 128
    idle_check_s: float = 1.0
