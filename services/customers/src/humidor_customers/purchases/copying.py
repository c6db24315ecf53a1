"""Lines in the binary format of COPY.

A million documents come by in a row, so this goes over each of them once, from what was told to the bytes
that are sent. What all lines of a document share is written once and repeated, and so are texts that come
again.
"""

from collections.abc import Iterable
from struct import Struct
from typing import NamedTuple

from humidor_common.db.copying import END, NULL, SIGNATURE, text
from humidor_customers.purchases.clocks import DAY, HOUR, Clock, microseconds
from humidor_customers.purchases.rules import MOST_MINOR, USUAL, Document, Known, Line, Product

COLUMNS = (
    *("document_id", "sale_id", "bought_at", "local_day", "local_hour", "kind", "party_kind", "party_id"),
    *("store_id", "currency", "quantity", "sticks", "net_minor", "line", "provisional", "gtin", "unit"),
)
_FIELDS = len(COLUMNS)
_SALE = Struct(">hi16siiqiiih")
_RETURN = Struct(">hi16si16siqiiih")
_NUMBERS = Struct(">iqiqiqiii?")


class Written(NamedTuple):
    """Lines as they are sent, and which days of which stores (from 2000-01-01) they are of."""

    copy: bytes
    days: set[tuple[str, int]]


class _Texts(dict[tuple[str | None, str | None], bytes]):
    """Two texts as they are written one after the other."""

    def __missing__(self, both: tuple[str | None, str | None]) -> bytes:
        self[both] = written = b"".join(NULL if each is None else text(each) for each in both)
        return written


class _Lines(dict[Line, bytes]):
    """Lines as they are written, but for their documents: most say what others have said."""

    def __init__(self, known: Known, *, sign: int, provisional: bool) -> None:
        self._products = known.products
        self._usual = Product.of("", None, USUAL).sticks
        self._sign = sign
        self._provisional = provisional

    def __missing__(self, told: Line) -> bytes:
        line, number, quantity, unit, money = told
        product = self._products.get(number)
        gtin, factors = product or (number, self._usual)
        sold, net_minor = self._sign * quantity, self._sign * min(money, MOST_MINOR)
        sticks, provisional = sold * factors.get(unit, 1), self._provisional or product is None
        numbers = _NUMBERS.pack(8, sold, 8, sticks, 8, net_minor, 4, line, 1, provisional)
        self[told] = written = numbers + text(gtin) + text(unit)
        return written


def encode(documents: Iterable[Document], known: Known) -> Written:
    """Write the lines of documents as rows of `COLUMNS`.

    Three packs of 20 at 2,500 that came back are -60 sticks and -7,500. A product or store that is not known
    counts with the usual factors (20, 10 and 50) and in UTC, provisionally.

    Raises:
        struct.error: A number does not fit its column.
    """
    texts = _Texts()
    lines_of = {
        (back, nowhere): _Lines(known, sign=-1 if back else 1, provisional=nowhere)
        for back in (False, True)
        for nowhere in (False, True)
    }
    days: set[tuple[str, int]] = set()
    zones = {zone: Clock(zone) for zone in {"UTC", *known.zones.values()}}
    clocks = {store_id: zones[zone] for store_id, zone in known.zones.items()}
    written = [SIGNATURE]
    for document_id, kind, sale_id, party_kind, party_id, bought_at, store_id, currency, lines in documents:
        clock = clocks.get(store_id)
        moment = microseconds(bought_at)
        day, rest = divmod((zones["UTC"] if clock is None else clock).local(moment), DAY)
        times = (8, moment, 4, day, 2, rest // HOUR)
        head = (
            _SALE.pack(_FIELDS, 16, document_id.bytes, -1, *times)
            if sale_id is None
            else _RETURN.pack(_FIELDS, 16, document_id.bytes, 16, sale_id.bytes, *times)
        )
        whose = NULL if party_id is None else text(party_id)
        kinds, where = texts[kind, party_kind], texts[store_id, currency]
        told = lines_of[kind == "return", clock is None]
        for line in lines:
            written += (head, kinds, whose, where, told[line])
        if lines:
            days.add((store_id, day))
    written.append(END)
    return Written(b"".join(written), days)
