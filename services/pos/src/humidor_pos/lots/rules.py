"""Which lots of a store may not be sold, and which soon may not be: plain values, the store's own date."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Literal, TypeAlias

import msgspec

LotKey: TypeAlias = tuple[str, str]
"""GTIN and lot, within one store."""


class Lot(msgspec.Struct, frozen=True):
    """A lot as its last event told it."""

    expiry_date: date | None
    held: bool
    held_since: datetime | None
    in_stock: bool

    def expired(self, day: date) -> bool:
        """Tell whether it may not be sold on `day` any more; on its expiry date it may."""
        return self.expiry_date is not None and self.expiry_date < day

    def held_at(self, moment: datetime) -> bool:
        """Tell whether it was held at that moment, as far as is known: an earlier hold has been forgotten."""
        return self.held and (self.held_since is None or self.held_since <= moment)


class UnsellableLot(msgspec.Struct, frozen=True):
    """A lot that may not be sold, and why."""

    lot: str
    reason: Literal["expired", "held"]
    expiry_date: date | None


class ExpiringLot(msgspec.Struct, frozen=True):
    """A lot that may be sold up to and on its expiry date, which is near."""

    lot: str
    expiry_date: date


class LotNotes(msgspec.Struct):
    """What a till has to know of a product's lots."""

    unsellable: list[UnsellableLot] = msgspec.field(default_factory=list)
    expiring: list[ExpiringLot] = msgspec.field(default_factory=list)


def note_lots(lots: Mapping[LotKey, Lot], day: date, *, within_days: int) -> dict[str, LotNotes]:
    """Sort out the lots in stock, by product: expired or held ones, and those that expire `within_days`.

    On 23 November with 30 days a lot of 22 November is expired, one of 23 December is expiring and one of
    24 December is not mentioned. A lot that is held and expired is expired: it stays so.
    """
    notes: dict[str, LotNotes] = {}
    last = day + timedelta(days=within_days)
    for (gtin, code), lot in sorted(lots.items()):
        if not lot.in_stock:
            continue
        if lot.expired(day) or lot.held:
            reason: Literal["expired", "held"] = "expired" if lot.expired(day) else "held"
            notes.setdefault(gtin, LotNotes()).unsellable.append(UnsellableLot(code, reason, lot.expiry_date))
        elif lot.expiry_date is not None and lot.expiry_date <= last:
            notes.setdefault(gtin, LotNotes()).expiring.append(ExpiringLot(code, lot.expiry_date))
    return notes


class Sold(msgspec.Struct, frozen=True):
    """A line of a sale whose lot is known: scanned, or found by the carton's code."""

    line: int
    gtin: str
    lot: str


def unsound_lines(
    sold: Iterable[Sold], lots: Mapping[LotKey, Lot], *, at: datetime, day: date
) -> tuple[list[Sold], list[Sold]]:
    """Find the lines whose lot was expired on the store's `day`, and those whose lot was held `at` then."""
    known = [(line, lots[line.gtin, line.lot]) for line in sold if (line.gtin, line.lot) in lots]
    expired = [line for line, lot in known if lot.expired(day)]
    return expired, [line for line, lot in known if lot.held_at(at)]
