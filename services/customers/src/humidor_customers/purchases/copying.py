"""Lines in the binary format of COPY.

What all lines of a document share is written once and repeated, and so are texts that come again. That takes
a third of the time that the driver takes for it field by field, which is as much as PostgreSQL takes for one
index. The format: https://www.postgresql.org/docs/current/sql-copy.html#SQL-COPY-FILE-FORMATS.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from struct import Struct

from humidor_customers.purchases.rules import COLUMNS, Row

_SIGNATURE = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_END = b"\xff\xff"
_NULL = b"\xff\xff\xff\xff"
_MIDNIGHT = datetime(2000, 1, 1, tzinfo=UTC)
_FIRST_DAY = date(2000, 1, 1).toordinal()
_FIELDS = len(COLUMNS).to_bytes(2, "big")
_UUID = (16).to_bytes(4, "big")
_LENGTH = Struct(">i")
_TIMES = Struct(">iqiiih")
_NUMBERS = Struct(">iqiqiqiii?")


class _Texts(dict[str | None, bytes]):
    """Remembers texts as they are written."""

    def __missing__(self, text: str | None) -> bytes:
        if text is None:
            return _NULL
        value = text.encode()
        self[text] = written = _LENGTH.pack(len(value)) + value
        return written


def encode(documents: Iterable[tuple[Row, list[Row]]]) -> bytes:
    """Write documents with their lines as rows of `COLUMNS`.

    Raises:
        struct.error: A number does not fit its column.
    """
    texts = _Texts()
    written = [_SIGNATURE]
    for head, lines in documents:
        start = _head(head, texts)
        for quantity, sticks, net_minor, line, provisional, gtin, unit in lines:
            numbers = _NUMBERS.pack(8, quantity, 8, sticks, 8, net_minor, 4, line, 1, provisional)
            written += (start, numbers, texts[gtin], texts[unit])
    written.append(_END)
    return b"".join(written)


def _head(head: Row, texts: _Texts) -> bytes:
    document_id, sale_id, bought_at, day, hour, kind, party_kind, party_id, store_id, currency = head
    since = bought_at - _MIDNIGHT
    moment = (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
    return b"".join(
        (
            _FIELDS,
            _UUID,
            document_id.bytes,
            _NULL if sale_id is None else _UUID + sale_id.bytes,
            _TIMES.pack(8, moment, 4, day.toordinal() - _FIRST_DAY, 2, hour),
            texts[kind],
            texts[party_kind],
            texts[party_id],
            texts[store_id],
            texts[currency],
        )
    )
