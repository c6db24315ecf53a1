"""Reads a table out of whatever file a person sends: rows of cells, and what is odd about the file."""

import csv
import subprocess
import sys
from datetime import date, datetime
from typing import Any, Literal, NamedTuple, TypeAlias

import msgspec

from humidor_common.tables import text
from humidor_common.tables.guard import unguard
from humidor_common.tables.mistakes import Mistake, mistake

WORKBOOK_SECONDS = 120
_MAX_COLUMNS = 200
_ZIP = b"PK\x03\x04"
_SPSS = (b"$FL2", b"$FL3")
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_EXTENSIONS = {
    "csv": ("csv", "txt", "tsv"),
    "xlsx": ("xlsx", "xlsm", "xltx", "xltm"),
    "sav": ("sav", "zsav"),
}


class Trouble(NamedTuple):
    """A cell without a usable value: a code of `MESSAGES` and what stands there."""

    code: str
    shown: str


Cell: TypeAlias = str | int | float | bool | date | datetime | Trouble | None
Row: TypeAlias = tuple[int, list[Cell]]
Format: TypeAlias = Literal["csv", "xlsx", "sav", "unknown"]


class Table(NamedTuple):
    """The rows that hold anything, numbered as a spreadsheet does; `merged` names ranges (`A2:B3`)."""

    format: Format
    encoding: str | None
    delimiter: str | None
    sheet: str | None
    rows: list[Row]
    merged: list[str]
    errors: list[Mistake]
    warnings: list[Mistake]


def read_table(content: bytes, *, max_rows: int, name: str = "") -> Table:
    """Read CSV, a workbook or a file of SPSS, told apart by their content; what cannot be read has errors.

    At most one row more than `max_rows` is read (and the row of headings). It takes seconds for a large
    workbook, so call it in a thread.
    """
    if content.startswith(_ZIP):
        (table,) = _read_workbook(content, max_rows)
    elif content.startswith(_OLE):
        table = _refused("unknown", "old-workbook")
    elif content.startswith(_SPSS):
        (table,) = _read_apart("sav", "humidor_common.tables.spss", content, str(max_rows + 1))
    else:
        table = _read_text(content, max_rows)
    said = name.rpartition(".")[2].lower() if "." in name else ""
    if said and table.format in _EXTENSIONS and said not in _EXTENSIONS[table.format]:
        table.warnings.append(mistake(1, "wrong-extension", said=f".{said[:10]}", found=table.format))
    return table


def _refused(found: Format, code: str, *, row: int = 1, detail: str = "") -> Table:
    return Table(found, None, None, None, [], [], [mistake(row, code, detail=detail)], [])


def _read_text(content: bytes, max_rows: int) -> Table:
    decoded, encoding = text.decode(content)
    if decoded is None:
        return _refused("unknown", "unknown-encoding")
    delimiter = text.find_delimiter(decoded)
    errors: list[Mistake] = []
    rows: list[Row] = []
    number = 0
    try:
        for number, cells in enumerate(text.read_cells(decoded, delimiter), 1):
            if any(cell and not cell.isspace() for cell in cells):
                rows.append((number, [unguard(cell) for cell in cells[:_MAX_COLUMNS]]))
                if len(rows) > max_rows + 1:
                    break
    except csv.Error as error:
        errors.append(mistake(number + 1, "broken-table", detail=str(error)))
    return Table("csv", encoding, delimiter, None, rows, [], errors, [])


def read_sheets(content: bytes, *, max_rows: int) -> list[Table]:
    """Read every visible sheet of a workbook; what is none, or cannot be read, is one table with errors."""
    if not content.startswith(_ZIP):
        return [_refused("unknown", "old-workbook" if content.startswith(_OLE) else "no-workbook")]
    return _read_workbook(content, max_rows, "every")


def _read_workbook(content: bytes, max_rows: int, *words: str) -> list[Table]:
    return _read_apart("xlsx", "humidor_common.tables.workbook", content, str(max_rows + 1), *words)


def _read_apart(kind: Format, module: str, content: bytes, *words: str) -> list[Table]:
    """Have a process of its own read: whatever is in the file, the service lives on and does not grow."""
    command = [sys.executable, "-m", module, *words]
    try:
        done = subprocess.run(
            command, input=content, capture_output=True, timeout=WORKBOOK_SECONDS, check=False
        )
        found: dict[str, Any] = msgspec.json.decode(done.stdout)
    except subprocess.TimeoutExpired:
        return [_refused(kind, "file-too-slow")]
    except msgspec.DecodeError:  # the kernel has ended it
        return [_refused(kind, "file-too-large", detail="reading it was stopped")]
    if "refused" in found:
        return [_refused(kind, found["refused"], detail=found["detail"])]
    return [_sheet(kind, each) for each in found["sheets"]]


def _sheet(kind: Format, found: dict[str, Any]) -> Table:
    rows: list[Row] = [(number, [_cell(cell) for cell in cells]) for number, cells in found["rows"]]
    warnings = [mistake(1, code, detail=detail) for code, detail in found["notes"]]
    return Table(kind, None, None, found["sheet"], rows, found["merged"], [], warnings)


def _cell(value: Any) -> Cell:
    if not isinstance(value, dict):
        cell: Cell = value
        return cell
    ((kind, shown),) = value.items()
    if kind == "date":
        at = datetime.fromisoformat(shown)
        return at if at.time() != datetime.min.time() else at.date()
    return Trouble(kind if kind != "not-a-value" else "error-value", shown)
