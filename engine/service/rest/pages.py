"""Pages of lists: limit and offset as the reference has them, and a cursor that stays put."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from engine.model.wire import Wire
from engine.service.api_error import ApiError, ErrorCode

__all__ = ["PageQuery", "is_long", "page_bounds"]

LIMIT_MAX = 1_000
OFFSET_MAX = 1_000_000
SHORT = 20


class PageQuery(Wire, frozen=True, kw_only=True):
    """`cursor` is a page's `next_cursor`; it wins over `offset` and stands still under inserts."""

    limit: Annotated[int, Meta(ge=1, le=LIMIT_MAX)] = 50
    offset: Annotated[int, Meta(ge=0, le=OFFSET_MAX)] = 0
    cursor: str | None = None


def is_long(query: PageQuery) -> bool:
    """Whether a page is read elsewhere, not on the loop that trades."""
    return query.limit > SHORT or query.offset > 0


def page_bounds(query: PageQuery) -> tuple[int, int, int | None]:
    """(limit, offset, cursor); ApiError for a cursor that none of our pages gave."""
    if query.cursor is None:
        return query.limit, query.offset, None
    if not query.cursor.isascii() or not query.cursor.isdigit() or len(query.cursor) > 18:
        text = "this is no cursor of ours; pass a page's next_cursor as it was"
        raise ApiError(ErrorCode.VALIDATION_ERROR, text, [("cursor", text)])
    return query.limit, 0, int(query.cursor)
