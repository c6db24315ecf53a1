"""What callers see of lines that wait."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel


class ParkedLine(BaseModel):
    """A line of a sale, return or void that could not be applied yet, and why."""

    parked_id: int
    store_id: str
    document_id: UUID
    kind: str
    line: int
    gtin: str
    quantity: int
    unit: str
    lot: str | None
    reason: str
    occurred_at: datetime
    parked_at: datetime
