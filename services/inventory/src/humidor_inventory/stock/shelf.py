"""The stock of one product in one store while a transaction works on it, and the entries it will write."""

from collections.abc import Collection, Iterator
from datetime import date, datetime
from typing import Any, Literal, NamedTuple, TypeAlias
from uuid import UUID

from humidor_inventory.stock.days import Flow, earn, move, no_flow
from humidor_inventory.stock.rules import UNATTRIBUTED, Lot, Take, allocate, fefo_order, settle

Pair: TypeAlias = tuple[str, str]
Bucket: TypeAlias = Literal["on_hand", "quarantined"]


class Entry(NamedTuple):
    """One row of the ledger but for the time of recording, in the order of the insert's columns."""

    store_id: str
    gtin: str
    lot: str
    bucket: Bucket
    delta_sticks: int
    reason: str
    explanation: str
    source_id: UUID
    line: int
    occurred_at: datetime
    day: date | None


class Source(NamedTuple):
    """The document line that moves stock; without a day it belongs to today."""

    reason: str
    source_id: UUID
    line: int
    occurred_at: datetime
    day: date | None = None


class Shelf:
    """Balances as locked in the database, what has been changed since, and the entries that say so."""

    __slots__ = ("_in_order", "alert_open", "entries", "flows", "gtin", "lots", "negative_open", "on_hand",
                 "on_order", "quarantined", "reorder_point", "reserved", "stock_out_open", "store_id",
                 "taken_on")  # fmt: skip

    def __init__(self, store_id: str, gtin: str) -> None:
        self.store_id = store_id
        self.gtin = gtin
        self.lots: list[Lot] = []
        self._in_order = True
        self.entries: list[Entry] = []
        self.flows: dict[date | None, Flow] = {}
        self.on_hand = self.quarantined = self.reserved = self.on_order = 0
        self.reorder_point: int | None = None
        self.alert_open = self.stock_out_open = self.negative_open = False
        self.taken_on: date | None = None

    def load(self, *columns: Any) -> None:
        """Take over the columns of the stored balance, in the order of the query that loads them."""
        self.on_hand, self.quarantined, self.reserved, self.on_order, self.reorder_point, *alerts = columns
        self.alert_open, self.stock_out_open, self.negative_open = alerts

    @property
    def available(self) -> int:
        return self.on_hand - self.reserved + self.on_order

    @property
    def needs_review(self) -> bool:
        """Tell whether an alert or a suggestion may have to change."""
        if self.alert_open or self.needs_watch:
            return True
        return self.reorder_point is not None and self.available <= self.reorder_point

    @property
    def needs_watch(self) -> bool:
        """Tell whether it may have become sold out or negative, or may have ceased to be so."""
        sticks, day, negative = self.on_hand - self.reserved, self.taken_on, False
        for lot in self.lots:  # every sale comes by here, so it is one pass
            if lot.held or (day is not None and lot.expiry_date is not None and lot.expiry_date < day):
                sticks -= lot.on_hand
            elif lot.on_hand < 0:
                negative = True
        return (sticks <= 0) is not self.stock_out_open or negative is not self.negative_open

    def sellable(self, day: date | None) -> int:
        """On hand - reserved, less the lots that may not be sold on `day`; without one none is expired."""
        sticks = self.on_hand - self.reserved
        for lot in self.lots:
            if lot.held or (day is not None and lot.expiry_date is not None and lot.expiry_date < day):
                sticks -= lot.on_hand
        return sticks

    @property
    def shortfall(self) -> int:
        """What was sold without stock: by how much the unattributed lot is below zero."""
        return sum(-lot.on_hand for lot in self.lots if lot.lot == UNATTRIBUTED and lot.on_hand < 0)

    def take(self, sticks: int, day: date, scanned: str | None, source: Source) -> list[Take]:
        """Allocate `sticks` by FEFO (a scanned lot first) and enter them."""
        self.taken_on = day
        takes = allocate(self._ordered(), sticks, day, scanned)
        self.on_hand -= sticks
        for lot, part, why in takes:
            self._enter(lot, "on_hand", -part, why, source)
        return takes

    def put(self, lot_code: str, sticks: int, why: str, source: Source) -> None:
        """Raise (or, by an adjustment, lower) a lot on hand."""
        self.lot(lot_code).on_hand += sticks
        self.on_hand += sticks
        self._enter(lot_code, "on_hand", sticks, why, source)

    def quarantine(self, lot_code: str, sticks: int, why: str, source: Source) -> None:
        """Raise (or, by an adjustment, lower) what a lot holds in quarantine."""
        self.lot(lot_code).quarantined += sticks
        self.quarantined += sticks
        self._enter(lot_code, "quarantined", sticks, why, source)

    def settle_shortfall(self, received: Collection[str], source: Source) -> None:
        """Let the lots that came in cover what was sold without stock, by a pair of entries each."""
        shortfall = self.shortfall
        if not shortfall:
            return
        source = source._replace(reason="shortfall_settlement")
        for lot_code, part, why in settle([lot for lot in self._ordered() if lot.lot in received], shortfall):
            self.on_hand -= part
            self._enter(lot_code, "on_hand", -part, why, source)
            self.put(UNATTRIBUTED, part, why, source)

    def earn(self, day: date, revenue_minor: int | None, gone_sticks: int) -> None:
        """Note what goods that left (or, negative, came back) were sold for; None where nobody knows."""
        earn(self._flow(day), revenue_minor, gone_sticks)

    def set_day(self, day: date) -> None:
        """Give the day to the entries that have none."""
        self.entries = [entry if entry.day else entry._replace(day=day) for entry in self.entries]
        undated = self.flows.pop(None)
        dated = self._flow(day)
        for column, figure in enumerate(undated):
            dated[column] += figure

    def lot(self, lot_code: str) -> Lot:
        """Find the lot in hand, or begin it."""
        for lot in self.lots:
            if lot.lot == lot_code:
                return lot
        lot = Lot(lot_code)
        self.add(lot)
        return lot

    def add(self, lot: Lot) -> None:
        self.lots.append(lot)
        self._in_order = len(self.lots) == 1

    def reorder_lots(self) -> None:
        """Put the lots in order again before the next look: a date has changed."""
        self._in_order = False

    def changed_lots(self) -> Iterator[Lot]:
        """Give the lots that the entries name."""
        named = {entry.lot for entry in self.entries}
        return (lot for lot in self.lots if lot.lot in named)

    def _ordered(self) -> list[Lot]:
        if not self._in_order:
            self.lots = fefo_order(self.lots)
            self._in_order = True
        return self.lots

    def _enter(self, lot: str, bucket: Bucket, delta: int, why: str, source: Source) -> None:
        reason, source_id, line, occurred_at, day = source
        self.entries.append(
            Entry(
                self.store_id, self.gtin, lot, bucket, delta, reason, why, source_id, line, occurred_at, day
            )
        )
        move(self._flow(day), reason, bucket, delta)

    def _flow(self, day: date | None) -> Flow:
        flow = self.flows.get(day)
        if flow is None:
            flow = self.flows[day] = no_flow()
        return flow


Shelves: TypeAlias = dict[Pair, Shelf]
