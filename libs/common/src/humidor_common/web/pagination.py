"""Pages by cursor: the next page starts after the last row, however many rows came in between."""

import base64
import binascii
from collections.abc import Sequence
from typing import Annotated, Any, Generic, TypeVar

import msgspec
from fastapi import Query
from pydantic import BaseModel

from humidor_common.web.problems import invalid

T = TypeVar("T")

Limit = Annotated[int, Query(ge=1, le=1000, description="Most items on the page.")]
Cursor = Annotated[
    str | None, Query(max_length=1000, description="`next_cursor` of the page before; opaque.")
]
DEFAULT_LIMIT = 100


class Page(BaseModel, Generic[T]):
    """One page; `next_cursor` is null on the last."""

    items: list[T]
    next_cursor: str | None = None


def encode_cursor(*parts: Any) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(parts)).decode().rstrip("=")


def decode_cursor(cursor: str, *types: type) -> tuple[Any, ...]:
    """Read what `encode_cursor` wrote, checked against `types`.

    Raises:
        Problem: 422 naming `cursor`.
    """
    try:
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        parts: tuple[Any, ...] = msgspec.json.decode(raw, type=tuple[types])  # type: ignore[valid-type]
    except (ValueError, binascii.Error, msgspec.MsgspecError) as error:
        raise invalid("cursor", "is not one that this service gave out") from error
    if any(isinstance(part, str) and "\x00" in part for part in parts):
        raise invalid("cursor", "is not one that this service gave out")
    return parts


def page_of(found: Sequence[T], cursor: str | None, limit: int) -> Page[T]:
    """Cut a page out of a list that is at hand as a whole; its cursors are places in it.

    Raises:
        Problem: 422 naming `cursor`.
    """
    begin = decode_cursor(cursor, int)[0] if cursor else 0
    if begin < 0:
        raise invalid("cursor", "is not one that this service gave out")
    end = begin + limit
    return Page(items=list(found[begin:end]), next_cursor=encode_cursor(end) if end < len(found) else None)
