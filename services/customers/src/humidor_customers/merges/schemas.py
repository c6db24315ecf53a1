"""What callers send and see of merges."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from humidor_common.web.inputs import Input, Note
from humidor_customers.inputs import RetailerId
from humidor_customers.merges.rules import Choice


class MergeInput(Input):
    """Two records of one customer; `take` names what the survivor gets from the other one.

    `licence` stands for number, dates and status, `credit` for limit and currency.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"survivor_id": "C1", "merged_id": "C2", "take": ["licence"], "reason": "registered twice"}
            ]
        }
    )

    survivor_id: RetailerId
    merged_id: RetailerId
    take: Annotated[list[Choice], Field(max_length=20)] = Field(default_factory=list)
    reason: Note

    @model_validator(mode="after")
    def _check(self) -> "MergeInput":
        if self.survivor_id == self.merged_id:
            raise ValueError("survivor_id and merged_id are two")
        self.take = sorted(set(self.take))
        return self


class Filters(BaseModel):
    """What a list of merges may be narrowed to."""

    survivor_id: RetailerId | None = None
    merged_id: RetailerId | None = None


class Moved(BaseModel):
    """What went over to the survivor: stores, children of a chain, notes, licence checks, orders and plans.

    `order_group` is the group of the merged record; the survivor took it over where it had none. `records`
    are those of connectors, `answers` those of surveys. Entries on the timeline stay under their own id.
    """

    store_ids: list[str]
    children: list[str]
    notes: list[UUID]
    checks: list[UUID]
    orders: list[UUID] = Field(default_factory=list)
    plans: list[UUID] = Field(default_factory=list)
    order_group: str | None = None
    order_group_taken: bool = False
    records: list[tuple[str, str]] = Field(default_factory=list)
    answers: list[UUID] = Field(default_factory=list)
    interactions: list[UUID] = Field(default_factory=list)
    tasks: list[UUID] = Field(default_factory=list)
    visits: list[UUID] = Field(default_factory=list)
    presales: list[UUID] = Field(default_factory=list)
    handles: list[list[str]] = Field(default_factory=list)


class KeptView(BaseModel):
    """Something that changed since the merge, so that undoing it left it as it is. Contacts are masked."""

    field: str
    before: Any
    merged: Any
    now: Any
    stays_with: Literal["survivor", "merged"]


class MergeView(BaseModel):
    """A merge; `kept` is told once it is undone."""

    merge_id: UUID
    survivor_id: str
    merged_id: str
    take: list[Choice]
    reason: str
    merged_at: datetime
    merged_by: str
    moved: Moved
    undone_at: datetime | None
    undone_by: str | None
    undo_reason: str | None
    kept: list[KeptView] | None
