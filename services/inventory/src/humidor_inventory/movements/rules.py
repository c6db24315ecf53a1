"""What may leave a store, what a transfer comes to, and which dates a merged lot has: plain values."""

from collections.abc import Iterable
from datetime import date
from typing import TypeVar

import msgspec

from humidor_inventory.stock.rules import Lot

Moment = TypeVar("Moment", bound=date)


class Parcel(msgspec.Struct):
    """One lot of one product of a transfer, in sticks, with the dates that travel with it."""

    gtin: str
    lot: str
    dispatched: int = 0
    received: int = 0
    lost: int = 0
    production_date: date | None = None
    expiry_date: date | None = None

    @property
    def on_the_way(self) -> int:
        return self.dispatched - self.received - self.lost


def sellable(lots: Iterable[Lot], day: date) -> int:
    """Add up what the sound lots hold on `day`, in sticks, less what was sold without stock.

    Lots of 40 (sound), 60 (expired) and -10 (the unattributed lot) give 30.
    """
    held = list(lots)
    return sum(lot.on_hand for lot in held if lot.on_hand < 0 or lot.sound(day))


def earliest(moments: Iterable[Moment | None]) -> Moment | None:
    """Take the earliest that is known: a merged lot is never younger than its oldest part."""
    return min((each for each in moments if each is not None), default=None)


def transfer_state(parcels: Iterable[Parcel]) -> str:
    """Name the state of a transfer that has left: `received` once nothing of it is on the way."""
    parts = list(parcels)
    if not any(parcel.on_the_way for parcel in parts):
        return "received"
    return "partially_received" if any(part.received or part.lost for part in parts) else "dispatched"
