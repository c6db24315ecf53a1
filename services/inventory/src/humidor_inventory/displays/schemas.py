"""What callers send and see of display cabinets."""

from datetime import date, datetime
from typing import Annotated

from pydantic import BaseModel, Field, model_validator

from humidor_inventory.inputs import Input

Packs = Annotated[int, Field(ge=0, le=100_000)]


class DisplayInput(Input):
    """The room of a product in the cabinet, and at how many packs left to fill it again."""

    capacity_packs: Annotated[int, Field(ge=1, le=100_000)]
    refill_at_packs: Packs

    @model_validator(mode="after")
    def _check(self) -> "DisplayInput":
        if self.refill_at_packs >= self.capacity_packs:
            raise ValueError("refill_at_packs is less than capacity_packs")
        return self


class RefillInput(Input):
    """What the cabinet holds now; without it, as much as it can."""

    displayed_packs: Packs | None = None


class DisplayView(BaseModel):
    """A product's place in the cabinet, where its stock stands, and what to bring forward.

    `refill_packs` are wanted now; loose packs go first, and `open_cartons` are opened for the rest, of
    `from_lot`, the sound lot that expires first.
    """

    store_id: str
    gtin: str
    name: str
    capacity_packs: int
    refill_at_packs: int
    displayed_packs: int
    sealed_cartons: int
    loose_packs: int
    refill_packs: int
    open_cartons: int
    from_lot: str | None
    from_lot_expires_on: date | None
    filled_at: datetime
    filled_by: str
