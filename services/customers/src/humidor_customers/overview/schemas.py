"""What callers see of a customer at one glance."""

from datetime import date, datetime

from pydantic import BaseModel

from humidor_customers.consumers.schemas import ConsumerView
from humidor_customers.retailers.schemas import RetailerView
from humidor_customers.timeline.schemas import EntryView


class KindView(BaseModel):
    """How many entries of a kind there were within the year, and when the last was."""

    kind: str
    entries: int
    last_at: datetime


class OpenView(BaseModel):
    """What is still to be done about a customer."""

    tasks: int
    tasks_overdue: int
    next_task_due_at: datetime | None
    next_visit_on: date | None
    presales: int


class Overview(BaseModel):
    """The customer's record, what happened within the year by kind, the newest entries, and what is open.

    One of `retailer` and `consumer` is there; a consumer's contact is not part of it.
    """

    retailer: RetailerView | None = None
    consumer: ConsumerView | None = None
    year: list[KindView]
    newest: list[EntryView]
    open: OpenView
