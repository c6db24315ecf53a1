"""What callers send and see of order cycles, groups and windows."""

from datetime import date, datetime, time
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from humidor_common.web.inputs import Day, Input, Label, Moment, Name, Note, StoreId, TimeZone
from humidor_customers.cycles.rules import Shift, WindowState
from humidor_customers.inputs import Code, RetailerId

Days = Annotated[int, Field(ge=0, le=31)]
MOST_DAYS = 366


def _naive(at: time) -> time:
    if at.tzinfo is not None:
        raise ValueError("is a time on the group's own clock, without a zone")
    return at


LocalTime = Annotated[time, AfterValidator(_naive)]


class GroupInput(Input):
    """Customers who order on one day: weekday (Monday is 1), window, and the warehouse that supplies them.

    Where they are `prepaid`, goods leave once the debit was paid, and a failed debit cancels the order.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "name": "Monday, west",
                    "supply_store_id": "W0001",
                    "order_weekday": 1,
                    "opens_days_before": 2,
                    "opens_at_time": "19:00",
                    "closes_days_before": 1,
                    "closes_at_time": "16:00",
                    "delivery_days_after": 1,
                }
            ]
        }
    )

    name: Name
    supply_store_id: StoreId
    time_zone: TimeZone = "Asia/Shanghai"
    order_weekday: Annotated[int, Field(ge=1, le=7)]
    opens_days_before: Days
    opens_at_time: LocalTime
    closes_days_before: Days
    closes_at_time: LocalTime
    delivery_days_after: Days = 1
    prepaid: bool = False

    @model_validator(mode="after")
    def _check(self) -> "GroupInput":
        opens = (-self.opens_days_before, self.opens_at_time)
        if opens >= (-self.closes_days_before, self.closes_at_time):
            raise ValueError("a window opens before it closes")
        return self


class GroupView(GroupInput):
    """A group as it is; windows that are planned already keep their times."""

    group_code: str
    version: int
    changed_at: datetime


class Assignment(Input):
    """Customers who belong to the group from now on, each to one group alone."""

    retailer_ids: Annotated[list[RetailerId], Field(min_length=1, max_length=10_000)]
    reason: Note | None = None


class AssignmentView(BaseModel):
    """How many customers were new to the group, and how many of these came from another."""

    assigned: int
    moved: int


class MemberView(BaseModel):
    """A customer of a group."""

    retailer_id: str
    since: datetime


class HolidayInput(Input):
    """Why nobody orders and nothing is delivered on a day."""

    name: Label


class HolidayView(HolidayInput):
    """A day on which nobody orders and nothing is delivered."""

    day: date


class CycleInput(Input):
    """A time in which every group orders once; cycles do not overlap."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"code": "2026-W49", "starts_on": "2026-11-30", "ends_on": "2026-12-06"}]
        }
    )

    code: Code
    starts_on: Day
    ends_on: Day
    holiday_shift: Shift = "later"

    @model_validator(mode="after")
    def _check(self) -> "CycleInput":
        if not 0 <= (self.ends_on - self.starts_on).days < MOST_DAYS:
            raise ValueError("a cycle has 1 to 366 days")
        return self


class CycleView(BaseModel):
    """A cycle; `windows` counts the groups that order in it."""

    cycle_id: UUID
    code: str
    starts_on: date
    ends_on: date
    windows: int
    created_at: datetime
    created_by: str


class WindowInput(Input):
    """When orders are taken, before `closes_at`, and delivered; changed by hand, with the reason."""

    opens_at: Moment
    closes_at: Moment
    delivery_on: Day
    reason: Note

    @model_validator(mode="after")
    def _check(self) -> "WindowInput":
        if self.closes_at <= self.opens_at:
            raise ValueError("a window opens before it closes")
        return self


class WindowView(BaseModel):
    """A window of a group in a cycle; `moved_from` is the order day that a holiday moved."""

    cycle_id: UUID
    group_code: str
    order_day: date
    opens_at: datetime
    closes_at: datetime
    delivery_on: date
    moved_from: date | None
    reason: str | None
    state: WindowState
    version: int


class ExceptionView(BaseModel):
    """The window of one customer alone in a cycle."""

    cycle_id: UUID
    retailer_id: str
    opens_at: datetime
    closes_at: datetime
    delivery_on: date
    reason: str
    version: int


class CustomerWindow(BaseModel):
    """When one customer may order in a cycle, with what stands for this customer alone taken into account."""

    cycle_id: UUID
    code: str
    group_code: str
    supply_store_id: str
    prepaid: bool
    opens_at: datetime
    closes_at: datetime
    delivery_on: date
    own: bool
    state: WindowState
