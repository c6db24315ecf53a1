"""A sale as later facts are compared with it."""

from datetime import datetime

import msgspec


class SoldLine(msgspec.Struct, frozen=True):
    """A line as it was sold."""

    line: int
    gtin: str
    quantity: int
    unit: str
    unit_price: int
    lot: str | None = None
    code: str | None = None


class SaleHistory(msgspec.Struct, frozen=True):
    """A sale that is known; `returned` counts by GTIN and unit."""

    sold_at: datetime
    terminal_id: str
    currency: str
    lines: tuple[SoldLine, ...]
    returned: dict[tuple[str, str], int]
    voided: bool
