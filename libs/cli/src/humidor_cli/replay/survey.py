"""The first look through a file: what it will need, and everything odd about it."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Any

import msgspec

from humidor_cli.replay.documents import LINES_MAX, Group, LinkKey
from humidor_cli.replay.mapping import MappingError
from humidor_cli.replay.numbers import is_exact
from humidor_cli.replay.rows import Row
from humidor_cli.replay.rules import gtin_of

Pair = tuple[str, str]
_EXAMPLES_MAX = 5


class Demand(msgspec.Struct):
    """How much of one product one store sells and writes off; what comes back is not counted on."""

    sold: int = 0
    written_off: int = 0


class Survey(msgspec.Struct):
    """What a file holds. `kinds` counts rows by what they come to, `oddities` by what is odd."""

    rows: int = 0
    documents: Counter[str] = msgspec.field(default_factory=Counter)
    kinds: Counter[str] = msgspec.field(default_factory=Counter)
    oddities: Counter[str] = msgspec.field(default_factory=Counter)
    examples: dict[str, list[int]] = msgspec.field(default_factory=dict)
    products: dict[str, str] = msgspec.field(default_factory=dict)
    codes: dict[str, str] = msgspec.field(default_factory=dict)
    demand: dict[Pair, Demand] = msgspec.field(default_factory=dict)
    stores: set[str] = msgspec.field(default_factory=set)
    returned: set[LinkKey] = msgspec.field(default_factory=set)
    first: datetime | None = None
    last: datetime | None = None

    def add(self, group: Group) -> None:
        """Take in the rows of one group."""
        if group.segment:
            self._note("sale_number_in_several_places", group.first)
        sold = sum(row.movement.kind == "sale" for row in group.rows)
        if sold > LINES_MAX:
            self._note("sale_split_in_parts", group.first)
        kinds = {row.movement.kind for row in group.rows} - {"reported"}
        if len(kinds) > 1:
            self._note("sale_with_returns_or_adjustments", group.first)
        if len({row.time_text for row in group.rows}) > 1:
            self._note("sale_with_several_times", group.first)
        copies = Counter((row.product, row.movement, row.price, row.time_text) for row in group.rows)
        self.oddities["duplicate_line"] += sum(count - 1 for count in copies.values())
        for row in group.rows:
            self._add_row(row)

    def _add_row(self, row: Row) -> None:
        self.rows += 1
        kind, units, why = row.movement
        self.kinds[kind] += 1
        for oddity in (*row.oddities, *_oddities(row)):
            self._note(oddity, row)
        if kind == "reported":
            self._note(f"not_replayed: {why}", row)
            return
        gtin = self._register(row)
        if row.moment is not None:
            self.first = min(self.first or row.moment, row.moment)
            self.last = max(self.last or row.moment, row.moment)
        demand = self.demand.get((row.store_id, gtin))
        if demand is None:
            demand = self.demand[row.store_id, gtin] = Demand()
            self.stores.add(row.store_id)
        if kind == "adjustment":
            demand.written_off -= units
        elif kind == "sale":
            demand.sold += units
        if kind == "return" and row.customer:
            self.returned.add((row.customer, row.product))

    def _register(self, row: Row) -> str:
        gtin = gtin_of(row.product)
        if self.codes.setdefault(gtin, row.product) != row.product:
            raise MappingError(
                f"the codes {self.codes[gtin]} and {row.product} (row {row.number}) come to one GTIN, "
                f"{gtin}: rename one of them in the file"
            )
        known = self.products.get(gtin)
        # What stands on a row that was sold is a name; on others it may be a note ("damaged", "found").
        if (
            row.description
            and (not known or known == row.product)
            and row.movement.kind == "sale"
            and row.price
        ):
            self.products[gtin] = row.description
        elif known is None:
            self.products[gtin] = row.product
        return gtin

    def _note(self, oddity: str, row: Row) -> None:
        self.oddities[oddity] += 1
        rows = self.examples.setdefault(oddity, [])
        if len(rows) < _EXAMPLES_MAX:
            rows.append(row.number)

    def described(self) -> dict[str, Any]:
        """Give the counts as JSON-ready data."""
        return {
            "rows": self.rows,
            "documents": dict(self.documents),
            "rows_by_kind": dict(sorted(self.kinds.items())),
            "oddities": [
                {"oddity": name, "rows": count, "for_example_rows": self.examples.get(name, [])}
                for name, count in sorted(self.oddities.items())
                if count
            ],
            "stores": len(self.stores),
            "products": len(self.products),
            "stock_positions": len(self.demand),
            "first": self.first.isoformat() if self.first else None,
            "last": self.last.isoformat() if self.last else None,
        }


def _oddities(row: Row) -> Iterable[str]:
    kind = row.movement.kind
    if not row.customer:
        yield "no_customer"
    if not row.sale:
        yield "no_sale_number"
    if kind == "reported":
        return
    if kind == "sale" and row.marked:
        yield "positive_quantity_on_a_cancellation"
    if kind == "sale" and not row.price:
        yield "sold_at_zero"
    if kind == "return":
        yield "return"
    if kind == "adjustment":
        yield "adjustment"
    if not is_exact(row.price, row.currency):
        yield "price_rounded"
    if not row.description:
        yield "no_description"
