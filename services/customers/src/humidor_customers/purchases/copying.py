"""Documents with their lines in the binary format of COPY.

A million documents come by in a row, so they are written by column: what lines say is written once for all
that say the same, numbers by arrays, and only what is left of a document by itself.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from humidor_common.db.copying import END, NULL, SIGNATURE, text
from humidor_customers.arrays import Ints
from humidor_customers.purchases.clocks import DAY, HOUR, local, microseconds
from humidor_customers.purchases.documents import Documents, Line, distinct
from humidor_customers.purchases.rules import MOST_MINOR, UNITS, USUAL, Known, Product

COLUMNS = (
    *("document_id", "bought_at", "local_day", "local_hour", "sale_id", "kind", "party_kind", "store_id"),
    *("currency", "party_id", "figures", "gtins", "numbers", "provisional"),
)
_HEAD = np.dtype(
    [
        *(("fields", ">i2"), ("of_document", ">i4"), ("document_id", "V16")),
        *(("of_moment", ">i4"), ("bought_at", ">i8"), ("of_day", ">i4"), ("local_day", ">i4")),
        *(("of_hour", ">i4"), ("local_hour", ">i2")),
    ]
)
"""How many fields a row has, and the first of them, each after its length."""
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
_OF_UUID = (16).to_bytes(4, "big")
_NO, _YES = b"\0\0\0\1\0", b"\0\0\0\1\1"

_Shared: TypeAlias = tuple[str, str | None, str, str]
"""Kind, kind of party, store and currency."""


class Written(NamedTuple):
    """Documents as they are sent, and which days of which stores (from 2000-01-01) they are of."""

    copy: bytes
    days: set[tuple[str, int]]


class _Lines(NamedTuple):
    """What lines say as it is written: figures as if of a sale, products, and the numbers on them."""

    figures: npt.NDArray[Any]
    gtins: list[bytes]
    numbers: list[bytes]

    @classmethod
    def of(cls, lines: Sequence[Line], known: Known) -> "_Lines":
        usual = Product.of("", None, USUAL).sticks
        figures, gtins, numbers = [], [], []
        for line, told, quantity, unit, money in lines:
            product = known.products.get(told)
            number = told.replace(SEPARATOR, "_")
            gtin, factors = product or (number, usual)
            sold = line, quantity, quantity * factors[unit], min(money, MOST_MINOR)
            figures.append((*sold, UNITS.index(unit), product is None))
            gtins.append(gtin.encode())
            numbers.append(number.encode())
        return cls(np.array(figures, dtype=LINE), gtins, numbers)


class _Ways(dict[_Shared, bytes]):
    """What documents have in common, as it is written."""

    def __missing__(self, shared: _Shared) -> bytes:
        self[shared] = fields = b"".join(NULL if each is None else text(each) for each in shared)
        return fields


def encode(documents: Documents, known: Known) -> Written:
    """Write documents as rows of `COLUMNS`, those of a customer and its neighbours together.

    So they lie when profiles are read, a page for many of them.

    Three packs of 20 at 2,500 that came back are -60 sticks and -7,500. A product or store that is not known
    counts with the usual factors (20, 10 and 50) and in UTC, provisionally.

    Raises:
        OverflowError: A number does not fit its column.
    """
    d = documents
    heads, days = _heads(d, known)
    sales = [NULL if each is None else _OF_UUID + each.bytes for each in d.sale_id]
    shared = map(_Ways().__getitem__, zip(d.kind, d.party_kind, d.store_id, d.currency, strict=True))
    whose = [b"" if each is None else each.encode() for each in d.party_id]
    of_whose = _lengths([len(each) or -1 for each in whose])
    fields = zip(heads, sales, shared, of_whose, whose, *_contents(d, known), strict=True)
    rows = list(map(b"".join, fields))
    order = np.argsort(np.array(whose), kind="stable").tolist()
    return Written(b"".join([SIGNATURE, *map(rows.__getitem__, order), END]), days)


def _heads(d: Documents, known: Known) -> tuple[list[bytes], set[tuple[str, int]]]:
    """Write which documents they are and when they were bought; gives their days of stores as well."""
    moments = microseconds(d.bought_at)
    stores, names = distinct(d.store_id)
    zones = [known.zones.get(name, "UTC") for name in names]
    day, rest = np.divmod(_shown(moments, np.array(stores, dtype=np.int64), zones), DAY)
    heads = np.empty(len(moments), dtype=_HEAD)
    heads["fields"] = len(COLUMNS)
    heads["of_document"], heads["of_moment"], heads["of_day"], heads["of_hour"] = 16, 8, 4, 2
    heads["document_id"] = np.frombuffer(b"".join([each.bytes for each in d.document_id]), "V16")
    heads["bought_at"], heads["local_day"], heads["local_hour"] = moments, day, rest // HOUR
    return _cells(heads), set(zip(d.store_id, day.tolist(), strict=True))


def _shown(moments: Ints, stores: Ints, zones: Sequence[str]) -> Ints:
    """Give what the clocks of stores show at moments, by the zone of each store."""
    shown = moments.copy()
    for zone in set(zones) - {"UTC"}:
        there = np.array([each == zone for each in zones])[stores]
        shown[there] = local(zone, moments[there])
    return shown


def _contents(d: Documents, known: Known) -> tuple[list[bytes], ...]:
    """Write figures, products and numbers of documents, each after its length, and whether provisional."""
    lines = _Lines.of(d.lines, known)
    of, size = np.array(d.of, dtype=np.int64), np.array(d.size, dtype=np.int64)
    starts = np.cumsum(size) - size
    figures = lines.figures[of]
    back = np.array([each == "return" for each in d.kind])
    if back.any():
        for name in ("quantity", "sticks", "net_minor"):
            figures[name] *= np.where(np.repeat(back, size), -1, 1)
    provisional = np.logical_or.reduceat(figures["provisional"], starts)
    provisional |= [each not in known.zones for each in d.store_id]
    return (
        *_cut(figures.tobytes(), size * LINE.itemsize),
        *_texts(lines.gtins, of, starts),
        *_numbers(lines, of, starts),
        [_YES if each else _NO for each in provisional.tolist()],
    )


def _numbers(lines: _Lines, of: Ints, starts: Ints) -> tuple[list[bytes], list[bytes]]:
    """Write the numbers of lines where one is not its product's own, which nearly never happens."""
    differs = np.array([each != own for each, own in zip(lines.numbers, lines.gtins, strict=True)])
    if not differs.any():
        return [NULL] * len(starts), [b""] * len(starts)
    kept = np.logical_or.reduceat(differs[of], starts).tolist()
    lengths, numbers = _texts(lines.numbers, of, starts)
    return (
        [length if each else NULL for each, length in zip(kept, lengths, strict=True)],
        [number if each else b"" for each, number in zip(kept, numbers, strict=True)],
    )


def _texts(texts: Sequence[bytes], of: Ints, starts: Ints) -> tuple[list[bytes], list[bytes]]:
    """Write a text of each document: those of its lines, with the separator between."""
    separated = np.array([len(each) + 1 for each in texts], dtype=np.int64)[of]
    joined = _SEPARATOR.join(map(texts.__getitem__, of.tolist()))
    return _cut(joined, np.add.reduceat(separated, starts) - 1, between=1)


def _cut(content: bytes, sizes: Ints, *, between: int = 0) -> tuple[list[bytes], list[bytes]]:
    """Part what stands one after the other; gives the length of each part, as it is sent, and the parts."""
    ends = np.cumsum(sizes + between) - between
    spans = zip((ends - sizes).tolist(), ends.tolist(), strict=True)
    return _lengths(sizes), [content[start:end] for start, end in spans]


def _lengths(sizes: npt.ArrayLike) -> list[bytes]:
    return _cells(np.asarray(sizes, dtype=">i4"))


def _cells(array: npt.NDArray[Any]) -> list[bytes]:
    """Give the bytes of each place of an array."""
    cells: list[bytes] = array.view(f"V{array.itemsize}").tolist()
    return cells
