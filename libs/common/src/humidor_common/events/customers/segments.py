"""Who is in a segment of customers; ids alone."""

from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

from humidor_common.events.base import Event


class SegmentPublished(Event, frozen=True, kw_only=True):
    """A list of the customers of a segment, or a part of it: `part` of `parts`, counted from 1.

    A `revision` takes the place of all earlier ones; it is whole once all its parts are there. An empty
    segment is told by one part without ids.
    """

    TYPE: ClassVar[str] = "customers.segment-published.v1"
    TOPIC: ClassVar[str] = "customers.segment.v1"
    KEY: ClassVar[str] = "segment_id"
    SUBJECT: ClassVar[str] = "segment_id"

    segment_id: UUID
    revision: int
    party_kind: Literal["retailer", "consumer"]
    size: int
    part: int
    parts: int
    party_ids: list[str]
    published_at: datetime
