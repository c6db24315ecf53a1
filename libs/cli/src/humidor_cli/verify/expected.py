"""What the raw files say the stock and the sales must be: an addition of its own, nothing taken from replay.

Only the meaning of a single row is shared with replay; ids, documents and their links are not looked at.
"""

from collections import Counter
from collections.abc import Mapping as MappingOf
from pathlib import Path

import msgspec

from humidor_cli.replay.documents import LINES_MAX
from humidor_cli.replay.mapping import Mapping, settle
from humidor_cli.replay.numbers import to_minor
from humidor_cli.replay.rows import Row, read_rows
from humidor_cli.replay.rules import gtin_of

Pair = tuple[str, str]
Factors = MappingOf[str, MappingOf[str, int]]
"""By GTIN how many sticks each unit holds."""


class Facts(msgspec.Struct):
    """How many facts of one kind a store has, their lines, and what these add up to."""

    documents: int = 0
    lines: int = 0
    sticks: int = 0
    amount_minor: int = 0


class Expected(msgspec.Struct):
    """What files come to, in sticks: changes by sales and returns, and write-offs from their own lot."""

    sold: Counter[Pair] = msgspec.field(default_factory=Counter)
    came_back: Counter[Pair] = msgspec.field(default_factory=Counter)
    quarantined: Counter[Pair] = msgspec.field(default_factory=Counter)
    written_off: Counter[Pair] = msgspec.field(default_factory=Counter)
    sales: dict[str, Facts] = msgspec.field(default_factory=dict)
    returns: dict[str, Facts] = msgspec.field(default_factory=dict)
    stores: set[str] = msgspec.field(default_factory=set)
    write_off_lots: set[str] = msgspec.field(default_factory=set)
    rows: int = 0
    not_counted: int = 0

    def moved(self) -> dict[str, set[str]]:
        """Name by store the products that move."""
        found: dict[str, set[str]] = {store_id: set() for store_id in self.stores}
        for pairs in (self.sold, self.came_back, self.quarantined, self.written_off):
            for store_id, gtin in pairs:
                found[store_id].add(gtin)
        return found

    def fact(self, kind: str, store_id: str) -> Facts:
        by_store = self.sales if kind == "sale" else self.returns
        return by_store.setdefault(store_id, Facts())


def add_table(path: Path, mapping: Mapping, factors: Factors, expected: Expected) -> None:
    """Add up a file of transaction lines, row by row."""
    sale: tuple[str, ...] = ()
    lines_of_sale: Counter[str] = Counter()
    for row in read_rows(settle(path, mapping)):
        expected.rows += 1
        key = (row.sale or row.time_text, row.customer, row.store_id)
        if key != sale:
            _close(sale, lines_of_sale, expected)
            sale, lines_of_sale = key, Counter()
        _add_row(row, factors, expected)
        if row.movement.kind == "sale":
            lines_of_sale[row.currency] += 1
    _close(sale, lines_of_sale, expected)


def _close(sale: tuple[str, ...], lines: Counter[str], expected: Expected) -> None:
    """Count a sale: one for each currency and each 500 lines of it."""
    if sale and lines:
        parts = sum(-(-count // LINES_MAX) for count in lines.values())
        expected.fact("sale", sale[-1]).documents += parts


def _add_row(row: Row, factors: Factors, expected: Expected) -> None:
    kind, units, _ = row.movement
    if kind == "reported":
        expected.not_counted += 1
        return
    gtin = gtin_of(row.product)
    pair = (row.store_id, gtin)
    sticks = units * factors.get(gtin, {}).get("pack", 0)
    expected.stores.add(row.store_id)
    if kind == "adjustment":
        expected.written_off[pair] -= sticks
        return
    (expected.sold if kind == "sale" else expected.came_back)[pair] += sticks
    facts = expected.fact(kind, row.store_id)
    facts.lines += 1
    facts.sticks += sticks
    facts.amount_minor += units * to_minor(row.price, row.currency)
