"""What callers send and see of visits, their plans and places."""

from datetime import date, datetime
from typing import Annotated, Literal, TypeAlias
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

from humidor_common.web.inputs import Day, Input, Label, Moment, Note
from humidor_customers.inputs import RetailerId
from humidor_customers.tasks.schemas import Assignee

Purpose: TypeAlias = Literal["routine", "ordering", "display", "licence", "complaint", "training", "other"]
State: TypeAlias = Literal["planned", "done", "missed", "cancelled"]
Latitude = Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)]
Longitude = Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)]
MOST_STOPS = 40

_PLAN: dict[str, JsonValue] = {
    "planned_on": "2026-12-01",
    "visitor": "li.na",
    "start": {"latitude": 30.2741, "longitude": 120.1551},
    "stops": [{"retailer_id": "C100", "purpose": "routine"}, {"retailer_id": "C200"}],
}


class Point(Input):
    """A place in degrees (WGS 84)."""

    latitude: Latitude
    longitude: Longitude


class PlaceInput(Point):
    """Where a customer is, and after how many days it is to be visited again."""

    every_days: Annotated[int, Field(ge=1, le=366)] | None = None


class PlaceView(BaseModel):
    """Where a customer is, when it was visited last and is to be next."""

    retailer_id: str
    latitude: float
    longitude: float
    every_days: int | None
    last_visited_at: datetime | None = None
    due_on: date | None = None


class Stop(Input):
    """Whom to visit, and what for."""

    retailer_id: RetailerId
    purpose: Purpose = "routine"


class PlanInput(Input):
    """A day's visits of one person; `optimise` puts those with a known place into a short order."""

    model_config = ConfigDict(json_schema_extra={"examples": [_PLAN]})

    planned_on: Day
    visitor: Assignee
    start: Point | None = None
    stops: Annotated[list[Stop], Field(min_length=1, max_length=MOST_STOPS)]
    optimise: bool = True

    @model_validator(mode="after")
    def _check(self) -> "PlanInput":
        ids = [each.retailer_id for each in self.stops]
        if len(ids) != len(set(ids)):
            raise ValueError("a customer is visited once in a plan")
        return self


class Arrival(Input):
    """What came of a visit: when, where (as the visitor's device has it) and what was found."""

    arrived_at: Moment
    left_at: Moment
    at: Point | None = None
    outcome: Label
    note: Note | None = None

    @model_validator(mode="after")
    def _check(self) -> "Arrival":
        if self.left_at < self.arrived_at:
            raise ValueError("left_at is before arrived_at")
        return self


class Miss(Input):
    """Why a visit did not take place; `missed` counts against the plan, `cancelled` does not."""

    state: Literal["missed", "cancelled"]
    outcome: Label


class VisitView(BaseModel):
    """A visit; `distance_m` is how far from the customer's place the visitor was on arrival."""

    visit_id: UUID
    plan_id: UUID | None
    stop: int | None
    retailer_id: str
    purpose: Purpose
    planned_on: date
    visitor: str
    state: State
    arrived_at: datetime | None
    left_at: datetime | None
    distance_m: int | None
    outcome: str | None
    note: str | None
    closed_by: str | None
    closed_at: datetime | None


class PlanView(BaseModel):
    """A plan with its visits in order; `length_m` is the way from start to end as the crow flies."""

    plan_id: UUID
    planned_on: date
    visitor: str
    start: Point | None
    length_m: int | None
    unplaced: list[str]
    version: int
    created_by: str
    created_at: datetime
    visits: list[VisitView]
