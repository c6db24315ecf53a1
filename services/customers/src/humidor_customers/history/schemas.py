"""What callers see of a history."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel


class FieldChangeView(BaseModel):
    """One field from and to."""

    field: str
    before: Any
    after: Any


class ChangeView(BaseModel):
    """What somebody did: who, when, why, and every field that changed. Contacts are masked."""

    change_id: int
    at: datetime
    by: str
    by_kind: str
    action: str
    reason: str | None
    changes: list[FieldChangeView]
