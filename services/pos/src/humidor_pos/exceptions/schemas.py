"""What a person sees of an exception, and says about it."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, StringConstraints

State = Literal["open", "resolved", "closed"]
Note = Annotated[
    str,
    StringConstraints(min_length=1, max_length=1000, pattern=r"^[^\x00-\x08\x0b-\x1f\x7f-\x9f]*$"),
]


class ExceptionView(BaseModel):
    """`resolved` by a person, `closed` by itself when its reason went away."""

    exception_id: UUID
    store_id: str
    kind: Literal["sale", "return", "void"]
    fact_id: UUID
    happened_at: datetime
    code: str
    detail: str
    lines: list[int] | None
    gtin: str | None
    state: State
    raised_at: datetime
    settled_at: datetime | None
    settled_by: str | None
    note: str | None


class Resolution(BaseModel):
    """Why it is settled."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"note": "price tag was old"}]})

    note: Note
