"""Writes CSV that Excel opens as it is: UTF-8 with its mark, CR LF, no formula out of a user's text."""

import csv
import io
from collections.abc import Iterable, Sequence

from humidor_common.tables.fields import FlatField, Value
from humidor_common.tables.guard import guard


class CsvWriter:
    """Gives the bytes of a file piece by piece."""

    media_type = "text/csv; charset=utf-8"
    suffix = "csv"

    def __init__(self, fields: Sequence[FlatField], _title: str) -> None:
        self._names = [field.name for field in fields]

    def begin(self) -> bytes:
        return "\ufeff".encode() + _lines([self._names])

    def rows(self, rows: Iterable[Sequence[Value]]) -> bytes:
        return _lines([_cell(value) for value in row] for row in rows)

    def end(self) -> bytes:
        return b""


def _cell(value: Value) -> Value:
    if isinstance(value, bool):
        return "true" if value else "false"
    return guard(value) if isinstance(value, str) else value


def _lines(rows: Iterable[Sequence[Value]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue().encode(errors="replace")
