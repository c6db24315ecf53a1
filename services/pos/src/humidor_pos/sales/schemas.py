"""A sale as it is shown to operators."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel


class LineView(BaseModel):
    """One line; `carton` is its scanned code taken apart."""

    line: int
    gtin: str
    quantity: int
    unit: str
    unit_price: int
    lot: str | None = None
    code: str | None = None
    carton: dict[str, Any] | None = None


class PaymentView(BaseModel):
    """One means of payment, in minor units."""

    method: str
    amount: int


class SaleSummary(BaseModel):
    """A sale without its lines."""

    sale_id: UUID
    store_id: str
    terminal_id: str
    sold_at: datetime
    recorded_at: datetime
    status: Literal["accepted", "voided"]
    currency: str
    total: int
    payments: list[PaymentView]
    member_id: str | None
    age_check: dict[str, Any] | None
    exceptions: list[str]


class SaleView(SaleSummary):
    """A sale with its lines."""

    lines: list[LineView]
