"""Works out what a batch of sales, returns and voids does to the stock: no I/O, events in their order."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import NamedTuple, TypeAlias
from uuid import UUID

import msgspec

from humidor_common.events.pos import SaleLine
from humidor_inventory.sales.rules import Kind, Move, Thread
from humidor_inventory.stock.rules import UNATTRIBUTED, give_back
from humidor_inventory.stock.shelf import Shelf, Shelves, Source
from humidor_inventory.units.rules import MAX_STICKS, Factors, Unit, to_sticks

ThreadKey: TypeAlias = tuple[str, UUID]
MOST_MONEY = 10**15
"""What one line may be worth in minor units; more is a mistake: its goods count as sold without a price."""

UNKNOWN, ABSURD = "unknown_product", "absurd_quantity"


class Document(msgspec.Struct):
    """A sale, return or void to apply; `resumed` where its first part was applied before.

    `thread_id` is the sale's id, or the document's own where it names no sale. `day` is the day it belongs to
    in the store's calendar: that of a void is its sale's.
    """

    kind: Kind
    store_id: str
    thread_id: UUID
    document_id: UUID
    restock: bool
    occurred_at: datetime
    lines: list[SaleLine]
    currency: str | None = None
    day: date = date.min
    resumed: bool = False

    @property
    def key(self) -> ThreadKey:
        return self.store_id, self.thread_id


class Applied(NamedTuple):
    """A document's row: what it states where that is more than its moves tell, and its moves."""

    document: Document
    stated: list[tuple[str, int, int | None]] | None
    moves: list[Move]


class Context(msgspec.Struct):
    """What the database knows that the batch needs."""

    factors: Mapping[str, Factors]
    currencies: Mapping[str, str]
    shelves: Shelves
    threads: Mapping[ThreadKey, Thread]
    lots_by_code: Mapping[tuple[str, str], tuple[str, str]]


class Plan(msgspec.Struct):
    """What the batch comes to; the changes of stock are in the context's shelves."""

    applied: list[Applied] = msgspec.field(default_factory=list)
    parked: list[tuple[Document, SaleLine, str]] = msgspec.field(default_factory=list)


def resolve_lines(documents: Sequence[Document], units: Mapping[str, tuple[str, Unit]]) -> None:
    """Give lines that name the GTIN of a carton or case their product, in that unit, whatever the line says.

    The GTIN tells what was scanned; `pos` raises an exception where a line says another unit.
    """
    for document in documents:
        if any(line.gtin in units for line in document.lines):
            document.lines = [_resolved(line, units) for line in document.lines]


def _resolved(line: SaleLine, units: Mapping[str, tuple[str, Unit]]) -> SaleLine:
    if line.gtin not in units:
        return line
    gtin, unit = units[line.gtin]
    return msgspec.structs.replace(line, gtin=gtin, unit=unit)


def plan(documents: list[Document], context: Context) -> Plan:
    """Apply each document in order.

    A sale that nothing else is known to belong to takes the short way. A line whose product nobody has
    registered is parked, and so is one that is more than stock can hold; the rest of its document is applied.
    """
    result = Plan()
    for document in documents:
        thread = context.threads.get(document.key)
        if thread is None:
            _sell(document, context, result)
        elif document.resumed or (document.document_id, document.kind) not in thread.documents:
            _Threaded(document, thread, context, result).apply()
    return result


def _scanned_lot(line: SaleLine, store_id: str, context: Context) -> str | None:
    if line.lot:
        return line.lot
    if line.code:
        gtin, lot = context.lots_by_code.get((store_id, line.code), ("", None))
        return lot if gtin == line.gtin else None
    return None


def _amount(line: SaleLine, document: Document, context: Context) -> int | None:
    """Multiply out what a line is worth, where that can be added to what others of the product are worth."""
    known = context.currencies.get(line.gtin)
    if known and document.currency and known != document.currency:
        return None
    amount = line.quantity * line.unit_price
    return amount if 0 <= amount <= MOST_MONEY else None


def _sell(document: Document, context: Context, result: Plan) -> None:
    moves: list[Move] = []
    stated: list[tuple[str, int, int | None]] = []
    parked = len(result.parked)
    factors, shelves, store_id = context.factors, context.shelves, document.store_id
    for line in document.lines:
        gtin = line.gtin
        units = factors.get(gtin)
        sticks = to_sticks(line.quantity, line.unit, units) if units else 0
        if not 0 < sticks <= MAX_STICKS:
            result.parked.append((document, line, ABSURD if units else UNKNOWN))
            continue
        amount = _amount(line, document, context)
        stated.append((gtin, sticks, amount))
        source = Source("sale", document.document_id, line.line, document.occurred_at, document.day)
        scanned = _scanned_lot(line, store_id, context) if line.lot or line.code else None
        shelf = shelves[store_id, gtin]
        shelf.earn(document.day, amount, sticks)
        for lot, part, _ in shelf.take(sticks, document.day, scanned, source):
            moves.append((gtin, lot, -part, 0, amount))
            amount = amount and 0
    plain = len(result.parked) == parked
    result.applied.append(Applied(document, None if plain else stated, moves))


class _Threaded:
    """Applies one document of a sale of which more is known than the sale alone."""

    def __init__(self, document: Document, thread: Thread, context: Context, result: Plan) -> None:
        self.document = document
        self.thread = thread
        self.context = context
        self.result = result
        self.moves: list[Move] = []
        self.stated: list[tuple[str, int, int | None]] = []

    def apply(self) -> None:
        document, thread = self.document, self.thread
        # What was not known when it was first applied is counted where the rest of it is.
        document.day = thread.documents.setdefault((document.document_id, document.kind), document.day)
        if document.kind == "sale":
            thread.sale_seen, thread.sale_day = True, document.day
        if document.kind == "void" and document.thread_id != document.document_id:
            self._void_sale()
        else:
            for line in document.lines:
                self._apply_line(line)
        self.result.applied.append(Applied(document, self.stated, self.moves))

    def _void_sale(self) -> None:
        if self.thread.voided:
            return
        self.thread.voided = True
        self.document.day = self.thread.sale_day or self.document.day
        for gtin, tally in self.thread.tallies.items():
            first = len(self.moves)
            rise = tally.effect(voided=True).on_hand - tally.effect(voided=False).on_hand
            self._bring(gtin, rise, 0, None, 0)
            if tally.unpriced:
                self._price(gtin, first, None)
                first = len(self.moves)
            self._price(gtin, first, tally.revenue(voided=True) - tally.revenue(voided=False))

    def _apply_line(self, line: SaleLine) -> None:
        units = self.context.factors.get(line.gtin)
        sticks = to_sticks(line.quantity, line.unit, units) if units else 0
        if not 0 < sticks <= MAX_STICKS:
            self.result.parked.append((self.document, line, ABSURD if units else UNKNOWN))
            return
        document, thread = self.document, self.thread
        amount = _amount(line, document, self.context)
        self.stated.append((line.gtin, sticks, amount))
        tally, first = thread.tally(line.gtin), len(self.moves)
        before, earned = tally.effect(voided=thread.voided), tally.revenue(voided=thread.voided)
        tally.state(document.kind, sticks, amount, restock=document.restock)
        after = tally.effect(voided=thread.voided)
        on_hand, quarantined = after.on_hand - before.on_hand, after.quarantined - before.quarantined
        named = _scanned_lot(line, document.store_id, self.context)
        if on_hand < 0:
            quarantined = self._remove(line.gtin, -on_hand, quarantined, named, line.line)
            on_hand = 0
        self._bring(line.gtin, on_hand, quarantined, named, line.line)
        rise = None if amount is None else tally.revenue(voided=thread.voided) - earned
        self._price(line.gtin, first, rise)

    def _price(self, gtin: str, first: int, revenue: int | None) -> None:
        """Note what the moves from `first` on have earned; None where nobody knows."""
        made = self.moves[first:]
        if revenue is None:
            self.moves[first:] = [(*move[:4], None) for move in made]
            gone = -sum(on_hand + quarantined for _, _, on_hand, quarantined, _ in made)
            self._shelf(gtin).earn(self.document.day, None, gone)
        elif revenue:
            head = made[0][:4] if made else (gtin, UNATTRIBUTED, 0, 0)
            self.moves[first : first + 1] = [(*head, revenue)]
            self._shelf(gtin).earn(self.document.day, revenue, 0)

    def _remove(self, gtin: str, sticks: int, quarantined: int, named: str | None, line: int) -> int:
        """Take `sticks` off the shelf, for a sale or (up to `quarantined`) into quarantine in the same lots.

        Returns what is left to bring into quarantine from elsewhere.
        """
        shelf, source = self._shelf(gtin), self._source(line)
        tally = self.thread.tally(gtin)
        if quarantined and not named:
            named = next(iter(tally.outstanding), None)
        for lot, part, why in shelf.take(sticks, self.document.day, named, source):
            self._follow(gtin, lot, -part, 0)
            aside = min(part, quarantined)
            if aside:
                quarantined -= aside
                shelf.quarantine(lot, aside, why, source)
                self._follow(gtin, lot, 0, aside)
        return quarantined

    def _bring(self, gtin: str, on_hand: int, quarantined: int, named: str | None, line: int) -> None:
        """Bring goods back to the lots that the sale took from, on the shelf and into quarantine."""
        tally = self.thread.tally(gtin)
        if on_hand:
            for lot, part, why in give_back(tally.outstanding, on_hand, named, known=self.thread.sale_seen):
                self._shelf(gtin).put(lot, part, why, self._source(line))
                self._brought(gtin, lot, part, 0, why)
        if quarantined:
            for lot, part, why in give_back(
                tally.outstanding, quarantined, named, known=self.thread.sale_seen
            ):
                self._shelf(gtin).quarantine(lot, part, why, self._source(line))
                self._brought(gtin, lot, 0, part, why)

    def _brought(self, gtin: str, lot: str, on_hand: int, quarantined: int, why: str) -> None:
        if why == "sale_lot":  # give_back has counted it
            self.moves.append((gtin, lot, on_hand, quarantined, 0))
        else:
            self._follow(gtin, lot, on_hand, quarantined)

    def _follow(self, gtin: str, lot: str, on_hand: int, quarantined: int) -> None:
        self.moves.append((gtin, lot, on_hand, quarantined, 0))
        self.thread.tally(gtin).move(lot, on_hand + quarantined)

    def _shelf(self, gtin: str) -> Shelf:
        return self.context.shelves[self.document.store_id, gtin]

    def _source(self, line: int) -> Source:
        document = self.document
        return Source(document.kind, document.document_id, line, document.occurred_at, document.day)
