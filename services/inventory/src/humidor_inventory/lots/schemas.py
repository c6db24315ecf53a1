"""What callers hear of a held or released lot."""

from datetime import datetime

from pydantic import BaseModel


class HoldView(BaseModel):
    """Whether a lot is kept from being sold, and what that does to the product, in sticks.

    `sellable_sticks` is what its sound lots hold; `uncovered_sticks` is what of the reservations they do not
    cover any more.
    """

    store_id: str
    gtin: str
    lot: str
    held: bool
    held_since: datetime | None
    on_hand_sticks: int
    sellable_sticks: int
    reserved_sticks: int
    uncovered_sticks: int
