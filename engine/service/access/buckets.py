"""How often a client may ask, and how often an address may fail to say who it is."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from engine.errors import ConfigError

__all__ = ["QPS", "Buckets", "LockOut"]

QPS: Final = 5_000
SECOND_NS: Final = 1_000_000_000
BUCKETS_MAX: Final = 10_000
PEERS_MAX: Final = 10_000
FAILURES_FREE: Final = 10
LOCK_MAX_NS: Final = 60 * SECOND_NS
# Failures older than this are forgiven.
FORGET_NS: Final = 600 * SECOND_NS


class Buckets:
    """One token bucket a client, shared by all of its keys, in exact integers.

    A client may ask `2 * qps` times at once and `qps` times a second from then on. Half a second
    on top of that is reserved for what ends risk (cancels, kill switch, hedges): no flood of
    other requests uses it up, and while it is being used, others wait.

    At most 10,000 are kept; the one unused for longest goes and starts full when it comes again.
    """

    __slots__ = ("_buckets", "capacity", "qps", "reserve")

    def __init__(self, qps: int = QPS) -> None:
        if qps < 1:
            raise ConfigError(f"requests a second must be 1 or more, not {qps}")
        self.qps = qps
        # A token is worth a billion, so that a nanosecond refills a whole number: qps.
        self.reserve = max(1, qps // 2) * SECOND_NS
        self.capacity = 2 * qps * SECOND_NS + self.reserve
        # client -> [level, when it was that]
        self._buckets: OrderedDict[str, list[int]] = OrderedDict()

    def take(self, client_id: str, now_ns: int, *, reserved: bool = False) -> int:
        """0 when the request may pass, else in how many ns it may; a refusal costs nothing."""
        buckets = self._buckets
        bucket = buckets.get(client_id)
        if bucket is None:
            if len(buckets) >= BUCKETS_MAX:
                buckets.popitem(last=False)
            bucket = buckets[client_id] = [self.capacity, now_ns]
        else:
            buckets.move_to_end(client_id)
            passed = now_ns - bucket[1]
            if passed > 0:
                bucket[0] = min(self.capacity, bucket[0] + passed * self.qps)
                bucket[1] = now_ns
        needed = SECOND_NS if reserved else SECOND_NS + self.reserve
        if bucket[0] < needed:
            return -((bucket[0] - needed) // self.qps)
        bucket[0] -= SECOND_NS
        return 0

    def __len__(self) -> int:
        return len(self._buckets)


class LockOut:
    """Holds off addresses that keep failing to authenticate, longer each time.

    Ten failures are free; each further one locks for 1 s, 2 s, 4 s and so on up to 60 s. Ten
    minutes without one forgive all. Keys of 256 bits are not guessed: this bounds the work and
    the log lines of a peer gone wrong, so a right key may pass while its address is held off.

    At most 10,000 addresses are kept; the one that failed longest ago goes first.
    """

    __slots__ = ("_peers",)

    def __init__(self) -> None:
        # peer -> [failures, last one at, held off until]
        self._peers: OrderedDict[str, list[int]] = OrderedDict()

    def failed(self, peer: str, now_ns: int) -> int:
        """Note a failure; 0, or for how many ns the address is held off now."""
        held = self.held_ns(peer, now_ns)
        if held:
            return held
        found = self._peers.pop(peer, None)
        if found is None or now_ns - found[1] > FORGET_NS:
            found = [0, 0, 0]
        if len(self._peers) >= PEERS_MAX:
            self._peers.popitem(last=False)
        self._peers[peer] = found
        found[0] += 1
        found[1] = now_ns
        beyond = found[0] - FAILURES_FREE
        if beyond <= 0:
            return 0
        # The exponent is bounded so that a patient peer makes no huge number.
        lock_ns = min(LOCK_MAX_NS, SECOND_NS << min(beyond - 1, 16))
        found[2] = now_ns + lock_ns
        return lock_ns

    def held_ns(self, peer: str, now_ns: int) -> int:
        """For how many ns the address is still held off; 0 when it is not."""
        found = self._peers.get(peer)
        # A clock that was set back must not lock anyone out for longer than the longest lock.
        return 0 if found is None else min(LOCK_MAX_NS, max(0, found[2] - now_ns))

    def passed(self, peer: str) -> None:
        """A key of this address was right: its failures are forgiven."""
        self._peers.pop(peer, None)

    def __len__(self) -> int:
        return len(self._peers)
