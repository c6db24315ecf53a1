"""What callers send and see of files that jobs make."""

from datetime import datetime
from typing import Annotated, Literal, TypeAlias
from uuid import UUID

from pydantic import BaseModel, ConfigDict, StringConstraints

from humidor_common.web.inputs import Input
from humidor_customers.jobs.schemas import JobState

Format: TypeAlias = Literal["csv", "xlsx", "parquet", "sav", "xpt", "stats"]
ListPath = Annotated[
    str, StringConstraints(min_length=4, max_length=2000, pattern=r"^(/customers)?/v1/[\x21-\x7e]+$")
]


class ExportInput(Input):
    """A list as one would read it, with its filters in the query, and the format of the file."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"path": "/v1/profiles?kind=consumer&lifecycle=dormant", "format": "sav"}]
        }
    )

    path: ListPath
    format: Format


class ExportView(BaseModel):
    """A file and how far it is; `rows` and `bytes` once it is `done`.

    It is there until `expires_at`, or until a member was erased (`erased_at`) who may be in it.
    """

    export_id: UUID
    path: str
    format: Format
    state: JobState
    progress: float
    stage: str
    code: str | None
    detail: str | None
    file_name: str | None
    rows: int | None
    bytes: int | None
    created_at: datetime
    ended_at: datetime | None
    expires_at: datetime
    erased_at: datetime | None
