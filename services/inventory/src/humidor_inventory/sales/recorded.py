"""Shelves of a rebuild: which lots a document moved is what the ledger recorded, not a decision made anew."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from typing import NamedTuple, TypeAlias

from humidor_inventory.stock.rules import Take
from humidor_inventory.stock.shelf import Bucket, Shelf, Source

_Line: TypeAlias = tuple[str, str, str, str, int]


class RecordedEntry(NamedTuple):
    """An entry of the ledger that a sale, return or void made."""

    entry_id: int
    store_id: str
    gtin: str
    reason: str
    source_id: str
    line: int
    lot: str
    bucket: Bucket
    delta_sticks: int
    explanation: str


class Recorded:
    """The recorded entries of some documents, until each is claimed by what the document comes to now."""

    def __init__(self, entries: Iterable[RecordedEntry]) -> None:
        self._left: dict[_Line, list[RecordedEntry]] = defaultdict(list)
        self.claimed: list[int] = []
        for entry in entries:
            key = entry.store_id, entry.gtin, entry.reason, entry.source_id, entry.line
            self._left[key].append(entry)

    def shelf(self, store_id: str, gtin: str) -> "RecordedShelf":
        return RecordedShelf(store_id, gtin, self)

    def takes(self, shelf: Shelf, sticks: int, source: Source) -> list[Take]:
        """Claim the entries by which `sticks` left the shelf for this line; none where they do not add up."""
        left = self._left[_key(shelf, source)]
        found: list[RecordedEntry] = []
        for entry in left:
            if entry.bucket == "on_hand" and entry.delta_sticks < 0:
                found.append(entry)
                sticks += entry.delta_sticks
            if sticks <= 0:
                break
        if sticks != 0:
            return []
        self._claim(left, found)
        return [Take(entry.lot, -entry.delta_sticks, entry.explanation) for entry in found]

    def brought(self, shelf: Shelf, source: Source, lot: str, bucket: Bucket, sticks: int) -> bool:
        """Claim the entry by which `sticks` came to this lot for this line; tells whether there was one."""
        left = self._left[_key(shelf, source)]
        for entry in left:
            if (entry.lot, entry.bucket, entry.delta_sticks) == (lot, bucket, sticks):
                self._claim(left, [entry])
                return True
        return False

    def _claim(self, left: list[RecordedEntry], found: list[RecordedEntry]) -> None:
        for entry in found:
            left.remove(entry)
            self.claimed.append(entry.entry_id)


class RecordedShelf(Shelf):
    """A shelf whose balances hold all recorded entries already; only what was never recorded is entered."""

    __slots__ = ("_recorded",)

    def __init__(self, store_id: str, gtin: str, recorded: Recorded) -> None:
        super().__init__(store_id, gtin)
        self._recorded = recorded

    def take(self, sticks: int, day: date, scanned: str | None, source: Source) -> list[Take]:
        return self._recorded.takes(self, sticks, source) or super().take(sticks, day, scanned, source)

    def put(self, lot_code: str, sticks: int, why: str, source: Source) -> None:
        if not self._recorded.brought(self, source, lot_code, "on_hand", sticks):
            super().put(lot_code, sticks, why, source)

    def quarantine(self, lot_code: str, sticks: int, why: str, source: Source) -> None:
        if not self._recorded.brought(self, source, lot_code, "quarantined", sticks):
            super().quarantine(lot_code, sticks, why, source)


def _key(shelf: Shelf, source: Source) -> _Line:
    return shelf.store_id, shelf.gtin, source.reason, str(source.source_id), source.line
