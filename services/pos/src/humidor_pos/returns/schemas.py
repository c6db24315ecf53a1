"""A return as it is shown to operators."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel

from humidor_pos.sales.schemas import LineView, PaymentView


class ReturnView(BaseModel):
    """A return with its lines; amounts are in minor units."""

    return_id: UUID
    sale_id: UUID | None
    store_id: str
    terminal_id: str
    returned_at: datetime
    recorded_at: datetime
    currency: str
    total: int
    payments: list[PaymentView]
    lines: list[LineView]
    reason: str
    restock: bool
    member_id: str | None
    exceptions: list[str]
