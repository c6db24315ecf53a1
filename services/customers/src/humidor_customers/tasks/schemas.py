"""What callers send and see of tasks."""

from datetime import datetime
from typing import Annotated, Literal, TypeAlias
from uuid import UUID

from pydantic import BaseModel, ConfigDict, JsonValue, StringConstraints

from humidor_common.web.inputs import PRINTABLE, Input, Label, Moment, Name, Note
from humidor_customers.consumers.schemas import MemberId
from humidor_customers.parties import PartyInput, PartyKind, PartyView

Assignee = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=PRINTABLE)]
TaskKind: TypeAlias = Literal["call", "visit", "message", "follow_up", "document", "other"]
Priority: TypeAlias = Literal["low", "normal", "high"]
State: TypeAlias = Literal["open", "done", "cancelled"]

_TASK: dict[str, JsonValue] = {
    "customer": {"kind": "retailer", "id": "C100"},
    "kind": "call",
    "title": "Ask for the renewed licence",
    "due_at": "2026-12-01T09:00:00+08:00",
    "assignee": "li.na",
}


class TaskInput(Input):
    """Something that somebody is to do about a customer until a moment."""

    model_config = ConfigDict(json_schema_extra={"examples": [_TASK]})

    customer: PartyInput
    kind: TaskKind = "follow_up"
    title: Name
    note: Note | None = None
    priority: Priority = "normal"
    due_at: Moment
    assignee: Assignee


class TaskChange(Input):
    """A task as it shall be; whom it concerns stays."""

    kind: TaskKind = "follow_up"
    title: Name
    note: Note | None = None
    priority: Priority = "normal"
    due_at: Moment
    assignee: Assignee


class Completion(Input):
    """What came of a task."""

    outcome: Label


class Filters(BaseModel):
    """What a list may be narrowed to; without a customer or one's own name as assignee it is of all."""

    customer_kind: PartyKind | None = None
    customer_id: MemberId | None = None
    assignee: Assignee | None = None
    state: State = "open"
    due_before: Moment | None = None


class TaskView(BaseModel):
    """A task; its texts are empty where a consumer was erased. `overdue` is so at the time of reading."""

    task_id: UUID
    customer: PartyView
    kind: TaskKind
    title: str | None
    note: str | None
    priority: Priority
    due_at: datetime
    assignee: str
    state: State
    overdue: bool
    outcome: str | None
    created_by: str
    created_at: datetime
    closed_by: str | None
    closed_at: datetime | None
    version: int
    changed_at: datetime
