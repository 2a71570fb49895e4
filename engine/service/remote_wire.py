"""The bytes between an engine and an exchange in another process: length-prefixed frames.

A frame is its length (4 bytes, big-endian, of all that follows), its kind (1 byte), its payload.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from enum import IntEnum
from typing import Final, TypeVar

import msgspec

from engine.errors import ConfigError, DecodeError

__all__ = [
    "Control",
    "FrameBuffer",
    "FrameKind",
    "Hello",
    "VenueOrders",
    "connect",
    "frame_bytes",
    "tcp_address",
]

P = TypeVar("P", bound=asyncio.Protocol)

FRAME_BYTES_MAX: Final = 64 * 1024 * 1024
HEADER_BYTES: Final = 4


class FrameKind(IntEnum):
    """What a frame carries. A greeting is echoed once the session stands."""

    HELLO = 1
    DATA = 2
    CONTROL = 3


class Hello(msgspec.Struct, frozen=True, gc=False):
    """First frame of a connection that trades: which venue, and whether it is the order line.

    `session` is the engine's name of it; the exchange numbers its sessions by itself, since the
    connection of a killed engine may be noticed after the next engine has come.
    """

    venue: str
    session: int
    private: bool


class Control(msgspec.Struct, frozen=True, gc=False):
    """A question from outside: `orders`, or `stop`."""

    do: str


class VenueOrders(msgspec.Struct, frozen=True, gc=False):
    """Every order that a venue remembers, with its fills, as its protocol's list writes them."""

    venue: str
    orders: list[msgspec.Raw]


class FrameBuffer:
    """Cuts received bytes into frames. Holds at most one unfinished frame."""

    __slots__ = ("_bytes",)

    def __init__(self) -> None:
        self._bytes = bytearray()

    def feed(self, data: bytes) -> list[tuple[int, bytes]]:
        """Finished frames as (kind, payload); DecodeError for a length that cannot be."""
        held = self._bytes
        held += data
        frames: list[tuple[int, bytes]] = []
        at, end = 0, len(held)
        while end - at >= HEADER_BYTES:
            length = int.from_bytes(held[at : at + HEADER_BYTES])
            if not 1 <= length <= FRAME_BYTES_MAX:
                raise DecodeError(f"a frame of {length} bytes cannot be; the peer speaks otherwise")
            start = at + HEADER_BYTES
            if end - start < length:
                break
            at = start + length
            frames.append((held[start], bytes(held[start + 1 : at])))
        del held[:at]
        return frames


def frame_bytes(kind: FrameKind, payload: bytes) -> bytes:
    """One frame as it goes over the wire."""
    return (len(payload) + 1).to_bytes(HEADER_BYTES) + bytes((kind,)) + payload


def tcp_address(address: str) -> tuple[str, int] | None:
    """Host and port of `HOST:PORT`; None for the path of a unix socket.

    ConfigError for a path where the system knows no unix sockets.
    """
    host, colon, port = address.rpartition(":")
    if colon and port.isdigit() and "/" not in host:
        return host, int(port)
    if not hasattr(socket, "AF_UNIX"):
        raise ConfigError("this system has no unix sockets; name 127.0.0.1 and a port instead")
    return None


async def connect(address: str, make: Callable[[], P]) -> tuple[asyncio.Transport, P]:
    """Connect to an address; OSError when nobody listens there."""
    loop = asyncio.get_running_loop()
    tcp = tcp_address(address)
    if tcp is None:
        return await loop.create_unix_connection(make, address)
    return await loop.create_connection(make, *tcp)
