"""The void as a terminal sends it."""

from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from humidor_pos.facts.wire import LINES_MAX, Clerk, Line, Moment, Reason, StoreId


class Void(Struct):
    """A sale that is taken back as a whole; without `sale_id` the lines say what was cancelled."""

    void_id: UUID
    store_id: StoreId
    voided_at: Moment
    reason: Reason
    sale_id: UUID | None = None
    clerk: Clerk | None = None
    lines: Annotated[list[Line], Meta(max_length=LINES_MAX)] = []


EXAMPLE = {
    "void_id": "019aaf6e-5c00-7000-8000-000000000003",
    "sale_id": "019aaf6e-5c00-7000-8000-000000000001",
    "store_id": "S0001",
    "voided_at": "2026-11-23T10:20:00+08:00",
    "reason": "scanned twice",
    "clerk": "li.na",
}
