"""Reads the cells of one row of a scanner's file, noting everything that is wrong with them."""

import re
from datetime import datetime, tzinfo
from typing import NamedTuple

from humidor_common.tables.text import plain
from humidor_inventory.stocktakes.schemas import FileError
from humidor_inventory.units.rules import UNITS, Unit, normalise_gtin

MAX_FIELD_CHARACTERS = 200

_UNITS: dict[str, Unit] = {
    "支": "stick",
    "盒": "pack",
    "包": "pack",
    "条": "carton",
    "箱": "case",
    "件": "case",
}
_ELEMENT_STRING = re.compile(r"\(?01\)?([0-9]{14})(?:\(?10\)?([!-~]{1,20}))?")
_SHORT = re.compile(r"(?<![0-9])([0-9])(?![0-9])")
_WHOLE = re.compile(r"\+?[0-9]{1,10}(?:[.,]0+)?")


class Row(NamedTuple):
    number: int
    gtin: str
    lot: str | None
    quantity: int
    unit: Unit | None
    counted_at: datetime | None


class Reader:
    """Reads one row, noting everything that is wrong with it."""

    def __init__(
        self, number: int, cells: list[str], columns: dict[str, int], zone: tzinfo, errors: list[FileError]
    ) -> None:
        self.number = number
        self.zone = zone
        self.errors = errors
        self.before = len(errors)
        self.cells = {name: cells[i] if i < len(cells) else "" for name, i in columns.items()}
        if len(cells) > max(columns.values()) + 1 and any(
            cell.strip() for cell in cells[max(columns.values()) + 1 :]
        ):
            self._wrong("", "has more cells than there are headings")

    def read(self) -> Row | None:
        values = {name: self._cell(name) for name in ("gtin", "lot", "quantity", "unit", "counted_at")}
        gtin, lot = self._product(values["gtin"], values["lot"])
        row = Row(
            self.number,
            gtin,
            lot,
            self._quantity(values["quantity"]),
            self._unit(values["unit"]),
            self._time(values["counted_at"]),
        )
        return row if len(self.errors) == self.before else None

    def _wrong(self, column: str, message: str) -> None:
        self.errors.append(FileError(row=self.number, column=column, message=message))

    def _cell(self, name: str) -> str:
        cell = plain(self.cells.get(name, ""))
        if len(cell) > MAX_FIELD_CHARACTERS:
            self._wrong(name, f"is longer than {MAX_FIELD_CHARACTERS} characters")
            return ""
        if not cell.isprintable():
            self._wrong(name, "holds control characters")
            return ""
        return cell

    def _product(self, text: str, lot: str) -> tuple[str, str | None]:
        if re.fullmatch(r"[0-9][.,][0-9]+E\+?[0-9]+", text.upper()):
            self._wrong("gtin", "a spreadsheet has rounded the number; format the column as text")
            return "", None
        scanned = _ELEMENT_STRING.fullmatch(text)
        if scanned:
            text, lot = scanned[1], lot or scanned[2] or ""
        if len(lot) > 64:
            self._wrong("lot", "is longer than 64 characters")
        try:
            return normalise_gtin(text), lot or None
        except ValueError as error:
            self._wrong("gtin", str(error) if text else "is empty")
            return "", None

    def _quantity(self, text: str) -> int:
        if not text.isascii() or not _WHOLE.fullmatch(text):
            self._wrong("quantity", "is empty" if not text else "is not a whole number of 0 or more")
            return 0
        quantity = int(re.split(r"[.,]", text)[0])
        if quantity > 1_000_000_000:
            self._wrong("quantity", "is more than any shop holds")
        return quantity

    def _unit(self, text: str) -> Unit | None:
        """Read a unit; where there is none the GTIN says which it is."""
        if text and text.lower() not in UNITS and text not in _UNITS:
            self._wrong("unit", f"is none of {', '.join(UNITS)}")
        return next((unit for unit in UNITS if unit == text.lower()), _UNITS.get(text))

    def _time(self, text: str) -> datetime | None:
        if not text:
            return None
        try:
            text = _SHORT.sub(r"0\1", text.replace("/", "-"))
            at = datetime.fromisoformat(text)
            at = at if at.tzinfo else at.replace(tzinfo=self.zone)
            at.timestamp()
        except (ValueError, OverflowError):
            self._wrong("counted_at", "is no time such as 2026-11-23 10:15:00")
            return None
        return at
