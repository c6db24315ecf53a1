"""What callers see of records that failed."""

from datetime import datetime
from typing import Literal, TypeAlias
from uuid import UUID

from pydantic import BaseModel, Field

from humidor_customers.connectors.schemas import ConnectorId

FailureState: TypeAlias = Literal["open", "solved", "dropped"]
Direction: TypeAlias = Literal["in", "out"]


class ErrorView(BaseModel):
    """What is wrong with a field of a record."""

    field: str
    message: str


class FailureView(BaseModel):
    """A record that could not be taken (`in`) or sent (`out`); it is tried again at `due_at`."""

    failure_id: UUID
    connector_id: str
    run_id: UUID | None
    direction: Direction
    remote_id: str | None
    retailer_id: str | None
    code: str
    errors: list[ErrorView]
    tries: int
    state: FailureState
    first_at: datetime
    last_at: datetime
    due_at: datetime
    settled_reason: str | None


class FailureFilters(BaseModel):
    """What a list of failures may be narrowed to."""

    connector_id: ConnectorId | None = None
    state: FailureState = "open"
    code: str | None = Field(default=None, max_length=60, pattern=r"^[A-Za-z0-9_-]+$")
