"""What callers see of timelines."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints

from humidor_common.web.inputs import Moment

Kind = Annotated[str, StringConstraints(max_length=30, pattern=r"^[a-z][a-z_]*$")]


class Filters(BaseModel):
    """Which part of a timeline: from `since` on, before `until`, of some kinds such as `sale` or `visit`."""

    since: Moment | None = None
    until: Moment | None = None
    kind: Annotated[list[Kind], Field(max_length=20)] | None = None


class EntryView(BaseModel):
    """Something that happened; `entry_id` is the id of the sale, visit, message or whatever it was.

    `party_id` differs from the customer asked for where it happened before two records were merged.
    """

    entry_id: UUID
    kind: str
    happened_at: datetime
    party_id: str
    store_id: str | None
    details: dict[str, Any]
