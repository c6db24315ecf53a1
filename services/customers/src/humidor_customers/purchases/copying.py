"""Documents with their lines in the binary format of COPY.

A million documents come by in a row, so they are written by column: what many have in common is written once
for all of them, numbers by arrays, and only what is left of a document by itself.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple, Self, TypeAlias

import numpy as np
import numpy.typing as npt

from humidor_common.db.copying import NULL, text, whole
from humidor_customers.arrays import Ints, cells, numbered, rows_of
from humidor_customers.purchases.clocks import DAY, HOUR, local, microseconds
from humidor_customers.purchases.documents import Documents
from humidor_customers.purchases.rules import MOST_MINOR, UNITS, USUAL, Known, Product

LINE = np.dtype(
    [
        *(("line", ">i4"), ("quantity", ">i8"), ("sticks", ">i8"), ("net_minor", ">i8")),
        *(("unit", "u1"), ("provisional", "?")),
    ]
)
"""A line as it stands in `figures`; its unit is a place among `UNITS`."""
SEPARATOR = " "
"""Stands between the numbers in `gtins` and `numbers`, so it is replaced in those that are none."""
_SEPARATOR = SEPARATOR.encode()
_HEAD = (
    *(("document_id", "V16"), ("bought_at", ">i8"), ("local_day", ">i4"), ("local_hour", ">i2")),
    ("provisional", "?"),
)
_IN_COMMON = ("kind", "party_kind", "store_id", "currency")
_OF_UUID = (16).to_bytes(4, "big")
_DAYS = 2**32

_Parts: TypeAlias = Iterable[bytes]
"""A piece of each document's row."""


class Written(NamedTuple):
    """Documents as rows of these columns, and which days of which stores (from 2000-01-01) they are of."""

    rows: bytes
    columns: tuple[str, ...]
    days: set[tuple[str, int]]


class _Ways(NamedTuple):
    """What documents have in common, `_IN_COMMON`, each once, and which of that each has."""

    ways: list[tuple[str, str | None, str, str]]
    of: Ints

    @classmethod
    def read(cls, d: Documents) -> Self:
        of, ways = numbered(zip(d.kind, d.party_kind, d.store_id, d.currency, strict=True))
        return cls(ways, np.array(of, dtype=np.int64))

    def written(self) -> Iterator[bytes]:
        fields = [b"".join(NULL if each is None else text(each) for each in way) for way in self.ways]
        return map(fields.__getitem__, self.of.tolist())

    def back(self) -> npt.NDArray[np.bool_]:
        """Say which documents are of what came back."""
        return np.array([kind == "return" for kind, *_ in self.ways])[self.of]

    def nowhere(self, known: Known) -> npt.NDArray[np.bool_]:
        """Say which documents are of stores that nobody has told of."""
        return np.array([store not in known.zones for _, _, store, _ in self.ways])[self.of]

    def clocks(self, moments: Ints, known: Known) -> Ints:
        """Give what the clocks of stores showed at the moments of documents."""
        zones = [known.zones.get(store, "UTC") for _, _, store, _ in self.ways]
        shown = moments.copy()
        for zone in set(zones) - {"UTC"}:
            there = np.array([each == zone for each in zones])[self.of]
            shown[there] = local(zone, moments[there])
        return shown

    def days(self, day: Ints) -> set[tuple[str, int]]:
        """Give the days of stores that documents are of, by the day of each."""
        first = day.min()
        ways, days = np.divmod(np.unique(self.of * _DAYS + day - first), _DAYS)
        stores = [self.ways[way][2] for way in ways.tolist()]
        return set(zip(stores, (first + days).tolist(), strict=True))


class _Lines(NamedTuple):
    """What lines say as it is written, each once; `of` has a place a line, `size` and `starts` a document.

    Figures are those of a sale. Of each line there is the number of its product, and the number on it.
    """

    figures: npt.NDArray[Any]
    gtins: list[bytes]
    numbers: list[bytes]
    of: Ints
    size: Ints
    starts: Ints

    @classmethod
    def read(cls, d: Documents, known: Known) -> Self:
        usual = Product.of("", None, USUAL).sticks
        figures, gtins, numbers = [], [], []
        for line, told, quantity, unit, money in d.lines:
            product = known.products.get(told)
            number = told.replace(SEPARATOR, "_")
            gtin, factors = product or (number, usual)
            sold = line, quantity, quantity * factors[unit], min(money, MOST_MINOR)
            figures.append((*sold, UNITS.index(unit), product is None))
            gtins.append(gtin.encode())
            numbers.append(number.encode())
        size = np.array(d.size, dtype=np.int64)
        of, starts = np.array(d.of, dtype=np.int64), np.cumsum(size) - size
        return cls(np.array(figures, dtype=LINE), gtins, numbers, of, size, starts)

    def any(self, said: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
        """Say in which documents any line says so."""
        found: npt.NDArray[np.bool_] = np.logical_or.reduceat(said[self.of], self.starts)
        return found

    def renumbered(self) -> npt.NDArray[np.bool_]:
        """Say in which documents a number is not its product's own, which is so in nearly none."""
        return self.any(np.array([each != own for each, own in zip(self.numbers, self.gtins, strict=True)]))

    def written(self, back: npt.NDArray[np.bool_]) -> tuple[_Parts, _Parts]:
        """Write the figures of documents; of those that came back they are less than nothing."""
        figures = self.figures[self.of]
        if back.any():
            sign = np.where(np.repeat(back, self.size), -1, 1)
            for name in ("quantity", "sticks", "net_minor"):
                figures[name] *= sign
        return _cut(figures.tobytes(), self.size * LINE.itemsize)

    def texts(self, texts: Sequence[bytes]) -> tuple[_Parts, _Parts]:
        """Write a text of each document: those of its lines, with the separator between."""
        separated = np.array([len(each) + 1 for each in texts], dtype=np.int64)[self.of]
        joined = _SEPARATOR.join(map(texts.__getitem__, self.of.tolist()))
        return _cut(joined, np.add.reduceat(separated, self.starts) - 1, between=1)


def encode(documents: Documents, known: Known) -> Written:
    """Write documents (at least one) as rows, those of a customer and its neighbours together.

    So they lie when profiles are read, a page for many of them. Columns that no document has are left out.

    Three packs of 20 at 2,500 that came back are -60 sticks and -7,500. A product or store that is not known
    counts with the usual factors (20, 10 and 50) and in UTC, provisionally.

    Raises:
        OverflowError: A number does not fit its column.
    """
    d, ways, lines = documents, _Ways.read(documents), _Lines.read(documents, known)
    whose = [b"" if each is None else each.encode() for each in d.party_id]
    pieces: dict[tuple[str, ...], Sequence[_Parts]] = {
        _IN_COMMON: [ways.written()],
        ("party_id",): [_lengths([len(each) or -1 for each in whose]), whose],
        ("figures",): lines.written(ways.back()),
        ("gtins",): lines.texts(lines.gtins),
    }
    if any(d.sale_id):
        pieces["sale_id",] = [[_OF_UUID + each.bytes if each else NULL for each in d.sale_id]]
    if (renumbered := lines.renumbered()).any():
        pieces["numbers",] = [_given(renumbered, *lines.texts(lines.numbers))]
    columns = (*(name for name, _ in _HEAD), *(name for names in pieces for name in names))
    heads, days = _heads(d, ways, lines, known)
    heads["fields"] = len(columns)
    rows = list(
        map(b"".join, zip(cells(heads), *(part for each in pieces.values() for part in each), strict=True))
    )
    order = np.argsort(np.array(whose), kind="stable").tolist()
    return Written(whole(map(rows.__getitem__, order)), columns, days)


def _heads(
    d: Documents, ways: _Ways, lines: _Lines, known: Known
) -> tuple[npt.NDArray[Any], set[tuple[str, int]]]:
    """Write which documents they are, when they were bought, and whether anything of them is provisional.

    Gives their days of stores as well.
    """
    moments = microseconds(d.bought_at)
    day, rest = np.divmod(ways.clocks(moments, known), DAY)
    heads = rows_of(_HEAD, len(moments))
    ids = b"".join([each.int.to_bytes(16, "big") for each in d.document_id])
    heads["document_id"] = np.frombuffer(ids, "V16")
    heads["bought_at"], heads["local_day"], heads["local_hour"] = moments, day, rest // HOUR
    heads["provisional"] = lines.any(lines.figures["provisional"]) | ways.nowhere(known)
    return heads, ways.days(day)


def _given(has: npt.NDArray[np.bool_], lengths: _Parts, values: _Parts) -> list[bytes]:
    """Write a field that only some documents have."""
    fields = zip(has.tolist(), lengths, values, strict=True)
    return [length + value if each else NULL for each, length, value in fields]


def _cut(content: bytes, sizes: Ints, *, between: int = 0) -> tuple[_Parts, _Parts]:
    """Part what stands one after the other; gives the length of each part, as it is sent, and the parts."""
    ends = np.cumsum(sizes + between) - between
    spans = zip((ends - sizes).tolist(), ends.tolist(), strict=True)
    return _lengths(sizes), [content[start:end] for start, end in spans]


def _lengths(sizes: npt.ArrayLike) -> list[bytes]:
    return cells(np.asarray(sizes, dtype=">i4"))
