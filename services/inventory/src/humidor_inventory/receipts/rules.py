"""What a receipt does to the order that it answers, and when its goods expire."""

from datetime import date, timedelta

import msgspec


class OrderLine(msgspec.Struct):
    """One product of a purchase order, in sticks."""

    gtin: str
    ordered: int
    received: int

    @property
    def outstanding(self) -> int:
        return max(self.ordered - self.received, 0)


def receive(line: OrderLine, sticks: int) -> int:
    """Count `sticks` as received; returns by how much what is on order falls.

    More than was ordered is received all the same, but takes nothing more off the order: with 200 ordered
    and 150 received, 80 more give 50.
    """
    answered = min(line.outstanding, sticks)
    line.received += sticks
    return answered


def order_state(lines: list[OrderLine], *, close: bool) -> str:
    """Name the order's state: `received` once nothing is outstanding, or a person closes it short."""
    return "received" if close or not any(line.outstanding for line in lines) else "partially_received"


def expiry(production: date | None, given: date | None, shelf_life_days: int | None) -> date | None:
    """Take the date that stands on the goods, or else production plus shelf life, or else none."""
    if given is not None or production is None or shelf_life_days is None:
        return given
    return production + timedelta(days=shelf_life_days)
