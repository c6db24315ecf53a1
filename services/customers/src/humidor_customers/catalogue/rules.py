"""Products as trade customers order them: units and prices, by plain values."""

from typing import Literal, NamedTuple, TypeAlias

Unit: TypeAlias = Literal["stick", "pack", "carton", "case"]


class Product(NamedTuple):
    """One product with the terms it is offered on; without a price where nobody has set one."""

    gtin: str
    name: str
    status: str
    sticks_per_pack: int
    packs_per_carton: int
    cartons_per_case: int
    price_minor_per_carton: int | None
    currency: str | None
    price_segment: str | None
    orderable: bool

    @property
    def sticks_per_carton(self) -> int:
        return self.sticks_per_pack * self.packs_per_carton

    def sticks(self, quantity: int, unit: Unit) -> int:
        """Convert: 3 cartons of 10 packs of 20 are 600 sticks."""
        size = {
            "stick": 1,
            "pack": self.sticks_per_pack,
            "carton": self.sticks_per_carton,
            "case": self.sticks_per_carton * self.cartons_per_case,
        }[unit]
        return quantity * size

    @property
    def refusal(self) -> str | None:
        """Say why nobody can order it; None where everybody may."""
        if self.status != "active":
            return "is not sold any more"
        if self.price_minor_per_carton is None:
            return "has no wholesale price"
        return None if self.orderable else "is not offered"
