"""What a check finds."""

from pydantic import BaseModel


class Difference(BaseModel):
    """One figure that is not what it is made of; all in sticks."""

    store_id: str
    gtin: str
    lot: str | None
    figure: str
    expected_sticks: int
    actual_sticks: int


class LedgerCheck(BaseModel):
    """Whether the balances equal the sums of the ledger and of what is on order."""

    equal: bool
    entries: int
    lots: int
    balances: int
    differences: list[Difference]
