"""Columns by the names that people give them, in English and Chinese."""

import re
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any, NamedTuple

from humidor_common.tables.fields import FieldKind
from humidor_common.tables.mistakes import Mistake, mistake, shorten
from humidor_common.tables.reading import Cell, Row, Table, Trouble
from humidor_common.tables.text import plain

SEARCHED_ROWS = 10
_MAX_COLUMNS = 200
_NOISE = re.compile(r"[\s_\-*:]+")


@dataclass(frozen=True)
class Column:
    """A column of an import.

    Args:
        field: Its name, as the API has it.
        chinese: Chinese headings; the first stands in the template.
        english: Further English headings.
        kind: What it holds.
        required: Whether a file must have it.
        digits: A number that names something; see `values.convert`.
        words: What people write for the values of a choice, in lower case; None where it is none.
        note: What a person must know to fill it in, in English and Chinese.
    """

    field: str
    chinese: tuple[str, ...] = ()
    english: tuple[str, ...] = ()
    kind: FieldKind = "text"
    required: bool = False
    digits: bool = False
    words: Mapping[str, Any] | None = None
    note: tuple[str, str] = ("", "")

    @property
    def headings(self) -> tuple[str, ...]:
        return (self.field, *self.english, *self.chinese)


class Heading(NamedTuple):
    """Where a column stands in the file, and what its heading says there."""

    column: Column
    place: int
    text: str


@dataclass
class Layout:
    """The columns that were found, and the rows below the headings."""

    headings: list[Heading] = field(default_factory=list)
    header_row: int = 0
    width: int = 0
    rows: Sequence[Row] = ()
    errors: list[Mistake] = field(default_factory=list)
    warnings: list[Mistake] = field(default_factory=list)

    def shown(self, number: int, name: str) -> str | None:
        """Give the cell of a row and field, shortened, for a message."""
        place = next((each.place for each in self.headings if each.column.field == name), None)
        _, cells = self.rows[bisect_left(self.rows, number, key=itemgetter(0))]
        cell = cells[place] if place is not None and place < len(cells) else None
        return None if cell in (None, "") else show(cell)

    def heading(self, name: str) -> str:
        """Give the heading of a field as it stands in the file."""
        return next((each.text for each in self.headings if each.column.field == name), name)


def known_headings(columns: Iterable[Column]) -> dict[str, Column]:
    """Give the column of every heading; where several have the same one it is the first's."""
    known: dict[str, Column] = {}
    for column in columns:
        for name in column.headings:
            known.setdefault(heading_key(name), column)
    return known


def lay_out(table: Table, columns: Sequence[Column]) -> Layout:
    """Find the row of headings among the first ten (titles may stand above) and the columns it names."""
    known = known_headings(columns)
    layout = Layout(errors=list(table.errors), warnings=list(table.warnings))
    if layout.errors:
        return layout
    if not table.rows:
        layout.errors.append(mistake(1, "empty-file"))
        return layout
    counts = [
        sum(heading_key(_said(cell)) in known for cell in cells) for _, cells in table.rows[:SEARCHED_ROWS]
    ]
    best = counts.index(max(counts))
    number, cells = table.rows[best]
    layout.header_row = number
    layout.rows = table.rows[best + 1 :]
    if counts[best] == 0:
        names = ", ".join(column.field for column in columns)
        layout.errors.append(mistake(number, "no-headings", known=names))
        return layout
    _match(layout, cells, known)
    layout.errors += [
        mistake(number, "missing-column", column=column.field, field=column.field)
        for column in columns
        if column.required and column.field not in {each.column.field for each in layout.headings}
    ]
    _refuse_merged(layout, table.merged)
    if not layout.rows and not layout.errors:
        layout.errors.append(mistake(number + 1, "no-rows"))
    return layout


def _match(layout: Layout, cells: Sequence[Cell], known: Mapping[str, Column]) -> None:
    found: dict[str, Heading] = {}
    for index, cell in enumerate(cells):
        said = _said(cell)
        column = known.get(heading_key(said))
        if column is None:
            if said:
                layout.warnings.append(mistake(layout.header_row, "unknown-column", column=said))
        elif column.field in found:
            layout.errors.append(
                mistake(layout.header_row, "repeated-column", column=said, field=column.field)
            )
        else:
            found[column.field] = Heading(column, index, said)
    if len(cells) > _MAX_COLUMNS:
        layout.warnings.append(mistake(layout.header_row, "too-many-columns", limit=_MAX_COLUMNS))
    layout.headings = list(found.values())
    layout.width = max((i + 1 for i, cell in enumerate(cells) if _said(cell)), default=0)


def _refuse_merged(layout: Layout, merged: Sequence[str]) -> None:
    """Only the first of merged cells has a value, so merged ones among the rows leave others empty."""
    for place in merged:
        first = int(re.sub(r"[^0-9]", "", place.partition(":")[0]))
        last = int(re.sub(r"[^0-9]", "", place.partition(":")[2]))
        if last > layout.header_row and layout.rows and first <= layout.rows[-1][0]:
            row = max(first, layout.header_row + 1)
            layout.errors.append(mistake(row, "merged-cells", detail=place))


def keep_within(layout: Layout, most: int) -> None:
    """Refuse a table that has more rows than `most` below its headings, and leave the rest out."""
    if len(layout.rows) > most:
        layout.errors.append(mistake(layout.rows[most][0], "too-many-rows", limit=most))
        layout.rows = layout.rows[:most]


def show(cell: Cell) -> str:
    """Write a cell for a message."""
    return shorten(cell.shown if isinstance(cell, Trouble) else str(cell))


def _said(cell: Cell) -> str:
    return plain(cell) if isinstance(cell, str) else ""


def heading_key(heading: str) -> str:
    """Give what a heading is known by: without spaces, `_`, `-`, `*`, `:` and case."""
    return _NOISE.sub("", heading).lower()
