"""Which names this server answers to, so that a web page cannot reach it by rebinding its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from engine.service.api_error import ApiError, ErrorCode

__all__ = ["LOOPBACK", "Hosts"]

LOOPBACK = ("localhost", "127.0.0.1", "[::1]")


class Hosts:
    """The allowed host names, without ports; empty allows any (behind a proxy that checks)."""

    def __init__(self, names: Iterable[str] = LOOPBACK) -> None:
        self.names = frozenset(name.lower() for name in names)

    def check(self, headers: Mapping[str, str]) -> None:
        """ApiError 403 for a Host that is not ours, or an Origin of another site."""
        host = headers.get("Host", "").lower()
        if self.names and without_port(host) not in self.names:
            text = "this server does not answer to that host name; see 'serve --allow-host'"
            raise ApiError(ErrorCode.FORBIDDEN, text)
        origin = headers.get("Origin")
        # Not urlsplit, which raises at addresses that it cannot read.
        if origin is not None and origin.partition("://")[2].lower() != host:
            raise ApiError(ErrorCode.FORBIDDEN, "requests of other sites' pages are not answered")


def without_port(host: str) -> str:
    """`name:port` as `name`, and the same of a bracketed address."""
    if host.startswith("["):
        return host.partition("]")[0] + "]"
    return host.partition(":")[0]
