"""Takes the cells out of one sheet of a workbook, in one pass: values, missing values and merged ranges.

openpyxl takes twice as long and shows a formula without its value, and the rest of a merged range, as
empty.
"""

import re
from collections.abc import Callable, Container, Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple, Protocol
from xml.parsers import expat

MAX_COLUMNS = 200
MAX_CELL_CHARACTERS = 4000
MAX_MERGED = 10_000
_LAST_ROW = 1_048_576
_EXACT = 10**15
_CHUNK_BYTES = 256 * 1024
_PLACE = re.compile(r"([A-Z]{1,3})[0-9]+")
_ERRORS = frozenset(
    ("#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A", "#GETTING_DATA", "#SPILL!")
)


class EntitiesError(ValueError):
    """The sheet declares entities, which no spreadsheet does: an attack."""


class Readable(Protocol):
    """What bytes can be read from."""

    def read(self, size: int, /) -> bytes: ...


class Meaning(NamedTuple):
    """What the workbook says of its cells: shared texts, which styles are dates, and how to read one."""

    texts: Sequence[str]
    date_styles: Container[int]
    to_date: Callable[[float], Any]


class SheetReader:
    """Gives the rows that hold anything as (number, cells).

    A cell is a text, number or boolean, `{"date": …}`, or `{code: shown}` for trouble (codes of `mistakes`).
    """

    def __init__(self, meaning: Meaning) -> None:
        self.merged: list[str] = []
        self._meaning = meaning
        self._rows: list[tuple[int, list[Any]]] = []
        self._number = 0
        self._cells: list[Any] = []
        self._column = 0
        self._type = "n"
        self._style = 0
        self._value: str | None = None
        self._formula = False
        self._collects = False
        self._columns: dict[str, int] = {}

    def read(self, file: Readable, most: int) -> Iterator[tuple[int, list[Any]]]:
        """Read `most` rows at most, and then only what comes after the rows.

        Raises:
            EntitiesError, expat.ExpatError: It is hostile or no XML.
        """
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        parser.EntityDeclHandler = _refuse
        found = 0
        while chunk := file.read(_CHUNK_BYTES):
            parser.Parse(chunk, False)
            rows, self._rows = self._rows, []
            for row in rows:
                found += 1
                yield row
                if found >= most:
                    return
        parser.Parse(b"", True)
        yield from self._rows[: most - found]

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        name = name.rpartition(":")[2]
        if name == "c":
            self._begin_cell(attributes)
        elif name in {"v", "t"}:
            self._collects = True
            self._value = self._value or ""
        elif name == "f":
            self._formula = True
        elif name == "row":
            self._number = int(attributes.get("r", self._number + 1))
            self._cells = []
            self._column = 0
        elif name == "mergeCell" and len(self.merged) < MAX_MERGED:
            self.merged.append(attributes.get("ref", ""))
        elif name == "rPh":
            self._type = "phonetic"  # how to pronounce the text before it

    def _begin_cell(self, attributes: dict[str, str]) -> None:
        place = _PLACE.fullmatch(attributes.get("r", ""))
        self._column = self._index(place[1]) if place else self._column + 1
        self._type = attributes.get("t", "n")
        self._style = int(attributes.get("s", 0))
        self._value = None
        self._formula = False

    def _index(self, letters: str) -> int:
        if letters not in self._columns:
            number = 0
            for letter in letters:
                number = number * 26 + ord(letter) - 64
            self._columns[letters] = number
        return self._columns[letters]

    def _characters(self, text: str) -> None:
        if self._collects and self._type != "phonetic":
            self._value = (self._value or "") + text

    def _end(self, name: str) -> None:
        name = name.rpartition(":")[2]
        if name in {"v", "t"}:
            self._collects = False
        elif name == "rPh":
            self._type = "inlineStr"
        elif name == "c":
            value = self._meant()
            if value is not None:
                place = min(self._column, MAX_COLUMNS + 1)
                self._cells += [None] * (place - len(self._cells))
                self._cells[place - 1] = value
        elif name == "row" and self._cells and 0 < self._number <= _LAST_ROW:
            self._rows.append((self._number, self._cells))

    def _meant(self) -> Any:
        value, kind = self._value, self._type
        if not value:
            return {"formula-without-value": ""} if self._formula else None
        if kind == "s":
            return _text(self._meaning.texts[int(value)])
        if kind in {"inlineStr", "str"}:
            return _text(value)
        if kind == "n":
            return self._number_of(value)
        if kind == "d":
            return {"date": datetime.fromisoformat(value).isoformat()}
        return value not in {"0", "false"} if kind == "b" else {"error-value": value[:40]}

    def _number_of(self, value: str) -> Any:
        if self._style in self._meaning.date_styles:
            try:
                return {"date": self._meaning.to_date(float(value)).isoformat()}
            except (ValueError, OverflowError):
                return {"error-value": value[:40]}
        number = int(value) if len(value) < 16 and value.lstrip("-").isdigit() else float(value)
        return number if abs(number) < _EXACT else {"number-rounded": value[:40]}


def _text(value: str) -> Any:
    if value in _ERRORS:
        return {"error-value": value}
    return value[: MAX_CELL_CHARACTERS + 1]


def _refuse(*_: object) -> None:
    raise EntitiesError("it declares entities")
