"""A void as it is shown to operators."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel

from humidor_pos.sales.schemas import LineView


class VoidView(BaseModel):
    """A void with the lines that it took back."""

    void_id: UUID
    sale_id: UUID | None
    store_id: str
    terminal_id: str
    voided_at: datetime
    recorded_at: datetime
    reason: str
    clerk: str | None
    lines: list[LineView]
    exceptions: list[str]
