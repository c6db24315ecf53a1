"""What callers see of jobs."""

from datetime import datetime
from typing import Annotated, Any, Literal, TypeAlias
from uuid import UUID

from pydantic import BaseModel, StringConstraints

JobState: TypeAlias = Literal["queued", "running", "done", "failed", "cancelled"]
JobKind = Annotated[str, StringConstraints(max_length=40, pattern=r"^[a-z][a-z_]*$")]


class Filters(BaseModel):
    """What a list of jobs may be narrowed to."""

    kind: JobKind | None = None
    state: JobState | None = None


class JobView(BaseModel):
    """Work that a worker does off the request: how far it is, and what it came to.

    `progress` goes from 0 to 1, `stage` says in a word what is being done. `result` is there once it is
    `done`; `code` and `detail` say why it `failed`.
    """

    job_id: UUID
    kind: str
    parameters: dict[str, Any]
    state: JobState
    progress: float
    stage: str
    result: dict[str, Any] | None
    code: str | None
    detail: str | None
    created_by: str
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
