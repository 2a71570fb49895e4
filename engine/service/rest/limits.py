"""What one request may cost, stated in one place."""

from __future__ import annotations

from typing import Final

__all__ = [
    "BODY_BYTES_MAX",
    "BODY_S",
    "CONCURRENT_MAX",
    "HEADERS_MAX",
    "HEADER_BYTES_MAX",
    "HEADER_S",
    "KEEPALIVE_S",
    "KEY_LENGTH_MAX",
    "LINE_BYTES_MAX",
    "QUERY_FIELDS_MAX",
    "REQUEST_ID_MAX",
]

BODY_BYTES_MAX: Final = 262_144
LINE_BYTES_MAX: Final = 8_190
HEADER_BYTES_MAX: Final = 8_190
HEADERS_MAX: Final = 64
QUERY_FIELDS_MAX: Final = 64
REQUEST_ID_MAX: Final = 128
KEY_LENGTH_MAX: Final = 255
# A client that is slower than this holds a connection for nothing and is dropped.
HEADER_S: Final = 10.0
BODY_S: Final = 10.0
KEEPALIVE_S: Final = 75.0
# Requests of one client that are being worked on at the same time.
CONCURRENT_MAX: Final = 512
