"""Trade customers as they now are, and what became of two records of one customer."""

from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

import msgspec

from humidor_common.events.base import Event


class RetailerChanged(Event, frozen=True, kw_only=True):
    """The trade customer as it now is, with all that tiers and supply go by.

    `licence_status` is what the authority last said (None without a licence); whether the licence has run out
    is told by `licence_valid_until` (a date, the last valid day) in the customer's `time_zone`. A record
    that was merged says into which; a merge that is undone makes it None again.
    """

    TYPE: ClassVar[str] = "customers.retailer-changed.v1"
    TOPIC: ClassVar[str] = "customers.retailer.v1"
    KEY: ClassVar[str] = "retailer_id"
    SUBJECT: ClassVar[str] = "retailer_id"
    COMPACTED: ClassVar[bool] = True

    retailer_id: str
    state: Literal["prospect", "active", "closed"]
    licence_number: str | None
    licence_status: Literal["active", "suspended", "revoked"] | None
    licence_valid_from: str | None
    licence_valid_until: str | None
    time_zone: str
    business_format: str
    market_type: str
    trade_area: str | None
    sales_line: str | None
    compliance_grade: str | None
    credit_limit_minor: int | None
    currency: str | None
    parent_id: str | None
    version: int
    changed_at: datetime
    merged_into: str | None = None
    store_ids: list[str] = msgspec.field(default_factory=list)
    tags: list[str] = msgspec.field(default_factory=list)


class RetailersMerged(Event, frozen=True, kw_only=True):
    """Two records were of one customer: `merged_id` is part of `survivor_id` from now on."""

    TYPE: ClassVar[str] = "customers.retailers-merged.v1"
    TOPIC: ClassVar[str] = "customers.retailer-merge.v1"
    KEY: ClassVar[str] = "survivor_id"
    SUBJECT: ClassVar[str] = "merge_id"

    merge_id: UUID
    survivor_id: str
    merged_id: str
    merged_at: datetime
    moved_store_ids: list[str] = msgspec.field(default_factory=list)


class MergeUndone(Event, frozen=True, kw_only=True):
    """They were two customers after all: `merged_id` stands for itself again, with the stores named."""

    TYPE: ClassVar[str] = "customers.merge-undone.v1"
    TOPIC: ClassVar[str] = "customers.retailer-merge.v1"
    KEY: ClassVar[str] = "survivor_id"
    SUBJECT: ClassVar[str] = "merge_id"

    merge_id: UUID
    survivor_id: str
    merged_id: str
    undone_at: datetime
    returned_store_ids: list[str] = msgspec.field(default_factory=list)
