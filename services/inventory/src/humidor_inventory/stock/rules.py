"""From which lot a sale takes, and to which lot goods go: FEFO on plain values."""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import NamedTuple

import msgspec

UNATTRIBUTED = ""
"""The lot of stock whose lot nobody knows; the only one that may fall below zero."""

EXPLANATIONS = {
    "fefo": "the oldest sound lot",
    "fefo_split": "the oldest sound lots, because the oldest one did not hold enough",
    "scanned_lot": "the lot that was scanned",
    "scanned_lot_unsound": "the lot that was scanned, although it is held or expired",
    "scanned_lot_short": "the oldest sound lot, because the scanned lot did not hold enough",
    "no_sound_lot": "below zero without a lot: only held or expired lots have stock left",
    "no_stock": "below zero without a lot: the books show no stock left",
    "sale_lot": "back to a lot that the sale took from",
    "line_lot": "the lot that the line names",
    "no_lot": "the lot is not known",
    "more_than_sold": "more came back than the sale took; the lot is not known",
    "received": "the lot that was received",
    "damaged": "came in damaged, so it is kept apart",
    "sent_back": "went back to the supplier",
    "settles_shortfall": "covers an earlier sale for which no stock was on the books",
    "counted": "a person corrected the books",
    "stocktake": "a stocktake counted another quantity",
    "named_lot": "the lot that a person named",
    "transferred": "the lot that came from another store",
    "written_off": "gone for good, with evidence",
    "split": "a part of a lot became a lot of its own",
    "merge": "lots became one",
    "unexplained": "a rebuild found no event that accounts for the entry taken back",
    "kit_part": "went into a kit",
    "kit_made": "a kit made of these parts",
    "kit_opened": "a kit taken apart",
    "kit_part_back": "came out of a kit",
}

_LAST_DATE = date.max
_LAST_TIME = datetime.max.replace(tzinfo=UTC)


class Lot(msgspec.Struct, array_like=True):
    """One lot in hand while an allocation is worked out; `was_…` is how it was read."""

    lot: str
    on_hand: int = 0
    quarantined: int = 0
    expiry_date: date | None = None
    production_date: date | None = None
    received_at: datetime | None = None
    held: bool = False
    was_in_stock: bool = False
    was_expiring_on: date | None = None

    @property
    def dates(self) -> tuple[date | None, date | None, datetime | None]:
        return self.expiry_date, self.production_date, self.received_at

    @property
    def news(self) -> bool:
        """Tell whether tills have to hear of it: it has come or gone, or expires on another day."""
        return (
            (self.on_hand > 0) != self.was_in_stock or self.expiry_date != self.was_expiring_on
        ) and self.lot != UNATTRIBUTED

    def sound(self, day: date) -> bool:
        """Tell whether it may be sold on `day`: not held, and `day` is not after the expiry date."""
        return not self.held and (self.expiry_date is None or self.expiry_date >= day)


class Take(NamedTuple):
    """So many sticks out of a lot, and why out of this one (a key of `EXPLANATIONS`)."""

    lot: str
    sticks: int
    why: str


def fefo_order(lots: Iterable[Lot]) -> list[Lot]:
    """Order by expiry, production, receipt, then lot code; an unknown date comes after every known one."""
    return sorted(
        lots,
        key=lambda lot: (
            lot.expiry_date or _LAST_DATE,
            lot.production_date or _LAST_DATE,
            lot.received_at or _LAST_TIME,
            lot.lot,
        ),
    )


def status(lot: Lot, day: date) -> str:
    """Name it `held`, `expired` or `sound` as of `day`."""
    if lot.held:
        return "held"
    return "sound" if lot.sound(day) else "expired"


def allocate(lots: list[Lot], sticks: int, day: date, scanned: str | None = None) -> list[Take]:
    """Take `sticks` (> 0) out of `lots` (in FEFO order), lowering their `on_hand`.

    A scanned lot gives first, sound or not: it was in the buyer's hand. Then the sound lots give in order.
    What they lack is taken from the unattributed lot, which goes below zero. With lots a: 3 and b: 9,
    taking 5 gives [(a, 3), (b, 2)]. The parts always add up to `sticks`.
    """
    if scanned is None and lots:
        first = lots[0]
        if first.on_hand >= sticks and first.sound(day):
            first.on_hand -= sticks
            return [Take(first.lot, sticks, "fefo")]
    takes: list[Take] = []
    left = sticks
    if scanned is not None:
        left -= _take_scanned(lots, sticks, day, scanned, takes)
    if left:
        left -= _take_in_order(lots, left, day, takes, scanned)
    if left:
        takes.append(_take_missing(lots, left))
    return takes


def settle(lots: list[Lot], shortfall: int) -> list[Take]:
    """Cover up to `shortfall` sticks sold without stock out of `lots`, in FEFO order, lowering them.

    The caller raises the unattributed lot by the sum. With a shortfall of 7 and lots a: 5 and b: 9 the
    answer is [(a, 5), (b, 2)].
    """
    takes: list[Take] = []
    for lot in lots:
        part = min(lot.on_hand, shortfall)
        if part > 0 and lot.lot != UNATTRIBUTED:
            lot.on_hand -= part
            shortfall -= part
            takes.append(Take(lot.lot, part, "settles_shortfall"))
    return takes


def give_back(outstanding: dict[str, int], sticks: int, named: str | None, *, known: bool) -> list[Take]:
    """Share returned sticks among the lots that a sale took, lowering `outstanding`.

    The lot that the line names comes first, then the lots in the reverse order of taking. What goes beyond
    the sale comes to the named lot, or else to the unattributed one; `known` tells whether the sale has
    been seen, for the explanation alone.
    """
    takes: list[Take] = []
    order = [named] if named in outstanding else []
    order += [lot for lot in reversed(outstanding) if lot != named]
    for lot in order:
        part = min(outstanding[lot], sticks)
        if part > 0:
            outstanding[lot] -= part
            sticks -= part
            takes.append(Take(lot, part, "sale_lot"))
    if sticks and named:
        takes.append(Take(named, sticks, "line_lot"))
    elif sticks:
        takes.append(Take(UNATTRIBUTED, sticks, "more_than_sold" if known else "no_lot"))
    return takes


def _take_scanned(lots: list[Lot], sticks: int, day: date, scanned: str, takes: list[Take]) -> int:
    for lot in lots:
        if lot.lot == scanned and lot.on_hand > 0:
            part = min(lot.on_hand, sticks)
            lot.on_hand -= part
            takes.append(Take(scanned, part, "scanned_lot" if lot.sound(day) else "scanned_lot_unsound"))
            return part
    return 0


def _take_in_order(lots: list[Lot], sticks: int, day: date, takes: list[Take], scanned: str | None) -> int:
    left = sticks
    parts: list[tuple[str, int]] = []
    for lot in lots:
        if lot.on_hand > 0 and lot.sound(day):
            part = min(lot.on_hand, left)
            lot.on_hand -= part
            left -= part
            parts.append((lot.lot, part))
            if not left:
                break
    why = "scanned_lot_short" if scanned else "fefo_split" if len(parts) > 1 or left else "fefo"
    takes.extend(Take(lot, part, why) for lot, part in parts)
    return sticks - left


def _take_missing(lots: list[Lot], sticks: int) -> Take:
    unsound_left = any(lot.on_hand > 0 for lot in lots)
    for lot in lots:
        if lot.lot == UNATTRIBUTED:
            lot.on_hand -= sticks
            break
    else:
        lots.append(Lot(UNATTRIBUTED, -sticks))
    return Take(UNATTRIBUTED, sticks, "no_sound_lot" if unsound_left else "no_stock")
