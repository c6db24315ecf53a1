"""Turns a cell into what its column needs; nothing that a spreadsheet has mangled passes as right."""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from humidor_common.tables.fields import FieldKind
from humidor_common.tables.mistakes import CellError
from humidor_common.tables.reading import Cell, Trouble
from humidor_common.tables.text import plain

_SCIENTIFIC = re.compile(r"[+-]?[0-9]+(?:[.,][0-9]+)?[eE]\+?[0-9]{1,3}")
_WHOLE = re.compile(r"[+-]?(?:[0-9]{1,18}|[0-9]{1,3}(?:,[0-9]{3}){1,5})(?:\.0+)?")
_NUMBER = re.compile(r"[+-]?(?:[0-9]{1,18}|[0-9]{1,3}(?:,[0-9]{3}){1,5})(?:\.[0-9]{1,18})?")
_ISO = re.compile(r"([0-9]{4})[-/.]([0-9]{1,2})[-/.]([0-9]{1,2})(?:[ T]0{1,2}:00(?::00(?:\.0+)?)?)?")
_COMPACT = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})")
_CHINESE = re.compile(r"([0-9]{4})年([0-9]{1,2})月([0-9]{1,2})[日号]")
_OTHER_ORDER = re.compile(r"[0-9]{1,2}[-/.][0-9]{1,2}[-/.](?:[0-9]{2}|[0-9]{4})")
_SERIAL = re.compile(r"[0-9]{5}(?:\.0+)?")
_SERIAL_ZERO = date(1899, 12, 30)
_FIRST_SERIAL, _LAST_SERIAL = 20_000, 90_000
"""1954-10-03 and 2146-05-27: serial numbers beyond are no dates of goods, but mistakes."""
_YES = frozenset(("true", "yes", "y", "1", "是", "√", "启用", "对"))
_NO = frozenset(("false", "no", "n", "0", "否", "×", "停用", "错"))


def convert(
    cell: Cell, kind: FieldKind, *, digits: bool = False, words: Mapping[str, Any] | None = None
) -> Any:
    """Give the value, or None for an empty cell.

    Args:
        cell: As it was read.
        kind: What the column holds.
        digits: A number that names something (a GTIN, a licence): text, of which no digit may be lost.
        words: What people write for the values of a choice, in lower case.

    Raises:
        CellError: It is none.
    """
    if isinstance(cell, Trouble):
        raise CellError(cell.code, value=cell.shown)
    if isinstance(cell, str):
        cell = _trim(cell)
    if cell is None or cell == "":
        return None
    if words is not None:
        return _choice(cell, words)
    return _TO[kind](_digits(cell) if digits else cell)


def _trim(cell: str) -> str:
    return cell.strip().strip("\ufeff").strip()


def _digits(cell: Cell) -> Cell:
    if not isinstance(cell, str):
        return cell
    cell = plain(cell)
    if _SCIENTIFIC.fullmatch(cell):
        raise CellError("number-rounded")
    return re.sub(r"\.0+$", "", cell)


def _choice(cell: Cell, words: Mapping[str, Any]) -> Any:
    text = plain(str(cell)).lower()
    if text not in words:
        raise CellError(
            "not-a-choice", known=", ".join(dict.fromkeys(str(value) for value in words.values()))
        )
    return words[text]


def _text(cell: Cell) -> str:
    if isinstance(cell, date):
        raise CellError("turned-into-date")
    if isinstance(cell, bool):
        return str(cell).upper()
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() else repr(cell)
    return str(cell)


def _whole(cell: Cell) -> int:
    if isinstance(cell, bool | date):
        raise CellError("not-a-whole-number")
    if isinstance(cell, float):
        if not cell.is_integer():
            raise CellError("not-a-whole-number")
        return int(cell)
    if isinstance(cell, int):
        return cell
    text = plain(str(cell))
    if _SCIENTIFIC.fullmatch(text):
        raise CellError("number-rounded")
    if not text.isascii() or not _WHOLE.fullmatch(text):
        raise CellError("not-a-whole-number")
    return int(text.partition(".")[0].replace(",", ""))


def _number(cell: Cell) -> str:
    """Keep the digits as text, for a decimal that is exact."""
    if isinstance(cell, bool | date):
        raise CellError("not-a-number")
    text = plain(str(cell))
    if not text.isascii() or not _NUMBER.fullmatch(text):
        raise CellError("not-a-number")
    return text.replace(",", "")


def _date(cell: Cell) -> date:
    if isinstance(cell, datetime):
        if cell.time() != datetime.min.time():
            raise CellError("not-a-date")
        return cell.date()
    if isinstance(cell, date):
        return cell
    if isinstance(cell, bool):
        raise CellError("not-a-date")
    text = plain(str(cell))
    if _SERIAL.fullmatch(text):
        return _from_serial(float(text))
    for pattern in (_ISO, _CHINESE, _COMPACT):
        found = pattern.fullmatch(text) if text.isascii() or pattern is _CHINESE else None
        if found:
            return _day(*found.groups())
    raise CellError("ambiguous-date" if _OTHER_ORDER.fullmatch(text) else "not-a-date")


def _day(year: str, month: str, day: str) -> date:
    try:
        return date(int(year), int(month), int(day))
    except ValueError as error:
        raise CellError("not-a-date") from error


def _from_serial(serial: float) -> date:
    if not _FIRST_SERIAL <= serial <= _LAST_SERIAL:
        raise CellError("not-a-date")
    return _SERIAL_ZERO + timedelta(days=int(serial))


def _boolean(cell: Cell) -> bool:
    if isinstance(cell, bool):
        return cell
    text = plain(str(cell)).lower()
    if text in _YES or text in _NO:
        return text in _YES
    raise CellError("not-yes-or-no")


def _time(cell: Cell) -> str:
    return cell.isoformat() if isinstance(cell, date) else plain(str(cell))


_TO: Mapping[FieldKind, Callable[[Cell], Any]] = {
    "text": _text,
    "document": _text,
    "integer": _whole,
    "number": _number,
    "date": _date,
    "boolean": _boolean,
    "time": _time,
}
