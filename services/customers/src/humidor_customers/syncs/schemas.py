"""What callers send and see of runs and their failures."""

from datetime import datetime
from typing import Any, Literal, TypeAlias
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from humidor_common.web.inputs import Input
from humidor_customers.exchange.schemas import Direction
from humidor_customers.syncs.rules import Phase

RunState: TypeAlias = Literal["queued", "running", "waiting", "done", "failed", "cancelled"]


class RunInput(Input):
    """A run to be started; a dry run writes nothing on either side and lists what it would do.

    `complete` looks at every record instead of those that changed since the last run.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [{"dry_run": True}]})

    dry_run: bool = False
    complete: bool = False


class RunView(BaseModel):
    """A run: how far it is and what it came to.

    `waiting` goes on by itself at `due_at`, for the reason in `code` and `detail`. `counts` are records: of
    those there `created`, `changed`, `linked`, `unchanged`, `gone`, `failed`, `repeated`, `unreadable`,
    `skipped`; of ours `sent`, `refused`, `without_key`; and `conflicts`.
    """

    run_id: UUID
    connector_id: str
    started_by: str
    dry_run: bool
    complete: bool
    state: RunState
    phase: Phase
    since: datetime | None
    tries: int
    counts: dict[str, int]
    code: str | None
    detail: str | None
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    due_at: datetime


class ItemView(BaseModel):
    """What was done with a record, or would be by a dry run; contacts are masked.

    `fields` says what changes (`from`, `to`) or was contested (`ours`, `theirs`, `won`); `owed` among them
    lists what is to be sent afterwards, `errors` what is wrong.
    """

    item_id: UUID
    direction: Direction
    outcome: str
    remote_id: str | None
    retailer_id: str | None
    fields: dict[str, Any]


class Retry(Input):
    """Try a record again; `take` decides a conflict."""

    take: Literal["ours", "theirs"] | None = None
