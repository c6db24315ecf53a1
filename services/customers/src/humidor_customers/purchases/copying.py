"""Documents with their lines in the binary format of COPY.

A million documents come by in a row, so this goes over each of them once, from what was told to the bytes
that are sent. What documents or lines have in common is written once and repeated; when documents are of is
written by arrays of all of them.
"""

from collections.abc import Sequence
from struct import Struct
from typing import NamedTuple, TypeAlias

import numpy as np

from humidor_common.db.copying import END, NULL, SIGNATURE, text
from humidor_customers.arrays import Ints
from humidor_customers.purchases.clocks import DAY, HOUR, local, microseconds
from humidor_customers.purchases.rules import MOST_MINOR, UNITS, USUAL, Document, Known, Line, Product

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
_FIGURES = Struct(">iqqqB?")
LINE = np.dtype(
    [
        *(("line", ">i4"), ("quantity", ">i8"), ("sticks", ">i8"), ("net_minor", ">i8")),
        *(("unit", "u1"), ("provisional", "?")),
    ]
)
"""A line as it stands in `figures`; its unit is a place among `UNITS`."""
_PROVISIONAL = slice(LINE.itemsize - 1, None, LINE.itemsize)
SEPARATOR = " "
"""Stands between the numbers in `gtins` and `numbers`, so it is replaced in those that are none."""
_SEPARATOR = SEPARATOR.encode()
_OF_UUID = (16).to_bytes(4, "big")
_LENGTH = Struct(">i")
_NO, _YES = b"\0\0\0\1\0", b"\0\0\0\1\1"

_Shared: TypeAlias = tuple[str, str | None, str, str]
"""Kind, kind of party, store and currency."""


class Written(NamedTuple):
    """Documents as they are sent, and which days of which stores (from 2000-01-01) they are of."""

    copy: bytes
    days: set[tuple[str, int]]


class _Lines(dict[Line, tuple[bytes, bytes]]):
    """Figures and product of lines as they are written: most say what others have said."""

    def __init__(self, known: Known, sign: int) -> None:
        self._products = known.products
        self._usual = Product.of("", None, USUAL).sticks
        self._sign = sign
        self.provisional = False
        """Whether any is; nearly always none is, and no document is looked through for it."""
        self.numbers: dict[Line, bytes] = {}
        """The numbers of those that have another one than their product; nearly always none has."""

    def __missing__(self, told: Line) -> tuple[bytes, bytes]:
        line, number, quantity, unit, money = told
        product = self._products.get(number)
        number = number.replace(SEPARATOR, "_")
        gtin, factors = product or (number, self._usual)
        sold, net_minor = self._sign * quantity, self._sign * min(money, MOST_MINOR)
        numbers = (line, sold, sold * factors[unit], net_minor, UNITS.index(unit), product is None)
        self.provisional |= product is None
        if gtin != number:
            self.numbers[told] = number.encode()
        self[told] = written = _FIGURES.pack(*numbers), gtin.encode()
        return written

    def told_by(self, told: Sequence[Line]) -> bytes:
        """Write the numbers of lines where one is not its product's own."""
        if self.numbers.keys().isdisjoint(told):
            return NULL
        numbers = _SEPARATOR.join([self.numbers.get(each, self[each][1]) for each in told])
        return _LENGTH.pack(len(numbers)) + numbers


class _Contents(dict[Line, bytes]):
    """Lines of documents as they are written, and whether anything in them is provisional.

    A single one is kept, as most say what others have said.
    """

    def __init__(self, lines: _Lines, *, nowhere: bool) -> None:
        self._lines = lines
        self._nowhere = nowhere

    def __missing__(self, told: Line) -> bytes:
        self[told] = written = self.of([told])
        return written

    def of(self, told: Sequence[Line]) -> bytes:
        of_lines, of_products = zip(*map(self._lines.__getitem__, told), strict=True)
        figures, gtins = b"".join(of_lines), _SEPARATOR.join(of_products)
        numbers = self._lines.told_by(told) if self._lines.numbers else NULL
        provisional = self._nowhere or (self._lines.provisional and b"\1" in figures[_PROVISIONAL])
        flag = _YES if provisional else _NO
        return b"".join((_LENGTH.pack(len(figures)), figures, _LENGTH.pack(len(gtins)), gtins, numbers, flag))


class _Ways(dict[_Shared, tuple[bytes, _Contents]]):
    """What documents have in common as it is written, and how their lines are."""

    def __init__(self, known: Known) -> None:
        self._zones = known.zones
        self._contents = {
            (back, nowhere): _Contents(lines, nowhere=nowhere)
            for back, lines in ((False, _Lines(known, 1)), (True, _Lines(known, -1)))
            for nowhere in (False, True)
        }

    def __missing__(self, shared: _Shared) -> tuple[bytes, _Contents]:
        kind, _, store_id, _ = shared
        fields = b"".join(NULL if each is None else text(each) for each in shared)
        self[shared] = way = fields, self._contents[kind == "return", store_id not in self._zones]
        return way


def encode(documents: Sequence[Document], known: Known) -> Written:
    """Write documents as rows of `COLUMNS`, those of a customer and its neighbours together.

    So they lie when profiles are read, a page for many of them. What is sorted are rows as they are written:
    documents would then be read here and there.

    Three packs of 20 at 2,500 that came back are -60 sticks and -7,500. A product or store that is not known
    counts with the usual factors (20, 10 and 50) and in UTC, provisionally.

    Raises:
        struct.error: A number does not fit its column.
    """
    documents = [each for each in documents if each.lines]
    heads, days = _heads(documents, known)
    ways = _Ways(known)
    rows, customers = [], []
    for head, (_, kind, sale_id, party_kind, party_id, _, store_id, currency, lines) in zip(
        heads, documents, strict=True
    ):
        shared, contents = ways[kind, party_kind, store_id, currency]
        sale = NULL if sale_id is None else _OF_UUID + sale_id.bytes
        whose = NULL if party_id is None else text(party_id)
        told = contents[lines[0]] if len(lines) == 1 else contents.of(lines)
        rows.append(b"".join((head, sale, shared, whose, told)))
        customers.append(whose)
    order = np.argsort(np.array(customers), kind="stable").tolist()
    return Written(b"".join([SIGNATURE, *map(rows.__getitem__, order), END]), days)


def _heads(documents: Sequence[Document], known: Known) -> tuple[list[bytes], set[tuple[str, int]]]:
    """Write which documents they are and when they were bought; gives their days of stores as well."""
    moments = microseconds(each.bought_at for each in documents)
    names = sorted({each.store_id for each in documents})
    places = {name: n for n, name in enumerate(names)}
    stores = np.array([places[each.store_id] for each in documents], dtype=np.int64)
    day, rest = np.divmod(_shown(moments, stores, [known.zones.get(name, "UTC") for name in names]), DAY)
    heads = np.empty(len(documents), dtype=_HEAD)
    heads["fields"] = len(COLUMNS)
    heads["of_document"], heads["of_moment"], heads["of_day"], heads["of_hour"] = 16, 8, 4, 2
    heads["document_id"] = np.frombuffer(b"".join([each.document_id.bytes for each in documents]), "V16")
    heads["bought_at"], heads["local_day"], heads["local_hour"] = moments, day, rest // HOUR
    days = set(zip((each.store_id for each in documents), day.tolist(), strict=True))
    return heads.view(f"V{_HEAD.itemsize}").tolist(), days


def _shown(moments: Ints, stores: Ints, zones: Sequence[str]) -> Ints:
    """Give what the clocks of stores show at moments, by the zone of each store."""
    shown = moments.copy()
    for zone in set(zones) - {"UTC"}:
        there = np.array([each == zone for each in zones])[stores]
        shown[there] = local(zone, moments[there])
    return shown
