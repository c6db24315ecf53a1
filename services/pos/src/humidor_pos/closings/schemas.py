"""A day closing as it is shown."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel


class DayTotals(BaseModel):
    """Counts, and amounts in minor units."""

    sale_count: int
    sale_total: int
    return_count: int
    return_total: int
    void_count: int
    by_payment: dict[str, int]


class ClosingView(BaseModel):
    """`claimed` is the terminal's, `counted` ours; `differences` are ours less the terminal's."""

    closing_id: UUID
    store_id: str
    terminal_id: str
    business_date: date
    currency: str
    claimed: DayTotals
    counted: DayTotals
    differences: dict[str, int]
    status: Literal["reconciled", "discrepant", "superseded"]
    evaluation: int
    closed_at: datetime
    evaluated_at: datetime
