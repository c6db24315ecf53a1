"""Reads the first visible sheet of a workbook, as `python -m humidor_common.tables.workbook`.

The workbook comes on standard input, its rows go to standard output as one JSON document. Whatever is in the
file, the process ends within its time and memory (the kernel sees to it), and the service does not grow.
"""

import io
import re
import resource
import sys
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from string import ascii_uppercase
from typing import Any

import msgspec

MAX_COLUMNS = 200
MAX_CELL_CHARACTERS = 4000
CPU_SECONDS = 90
MEMORY_BYTES = 1024**3
_MAX_PARTS = 2000
_MAX_SHEET_BYTES = 256 * 1024**2
_MAX_PART_BYTES = 32 * 1024**2
_MAX_SHEET_ROWS = 1_048_576
_EXACT = 10**15
_CHUNK = 1024**2
_OVERLAP = 16 * 1024
_FORMULA = re.compile(
    rb'<(?:\w+:)?c\b[^>]*?\br="([A-Z]{1,3}[0-9]{1,7})"[^>]*><(?:\w+:)?f\b[^>]*?(?:/>|>[^<]*</(?:\w+:)?f>)'
    rb"(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v></(?:\w+:)?v>)?</(?:\w+:)?c>"
)
_MERGED = re.compile(rb'<(?:\w+:)?mergeCell\b[^>]*?\bref="([A-Z]{1,3}[0-9]{1,7}:[A-Z]{1,3}[0-9]{1,7})"')
_MAX_REMARKS = 10_000


class RefusedError(Exception):
    """The workbook is not read; carries a code of `mistakes.MESSAGES` and a detail."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail


def read(content: bytes, max_rows: int) -> dict[str, Any]:
    """Read the rows that hold anything, one more than `max_rows` at most.

    Raises:
        RefusedError: It is too large, hostile or broken.
    """
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError) as error:
        raise RefusedError("broken-workbook", "it is cut off or no workbook") from error
    names = _check(archive)
    from openpyxl import load_workbook

    book = load_workbook(io.BytesIO(content), read_only=True, data_only=True, keep_links=False)
    visible = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
    if not visible:
        raise RefusedError("no-sheet")
    sheet = visible[0]
    empty_formulas, merged = _scan(archive, sheet._worksheet_path)  # noqa: SLF001 - openpyxl has no other name
    sheet.reset_dimensions()
    notes = _notes(names, [each.title for each in visible])
    hidden = [each.title for each in book.worksheets if each.sheet_state != "visible"]
    if hidden:
        notes.append(("hidden-sheets", ", ".join(hidden)[:200]))
    rows = list(_rows(sheet, empty_formulas, max_rows + 1))
    return {"sheet": sheet.title, "notes": notes, "merged": merged, "rows": rows}


def _check(archive: zipfile.ZipFile) -> set[str]:
    """Refuse what would not fit into memory, by the archive's sizes; zipfile reads no more than they say."""
    parts = archive.infolist()
    if len(parts) > _MAX_PARTS:
        raise RefusedError("file-too-large", f"{len(parts)} parts")
    names = {part.filename for part in parts}
    if len(names) != len(parts):
        raise RefusedError("hostile-workbook", "two of its parts have one name")
    if "xl/workbook.bin" in names:
        raise RefusedError("binary-workbook")
    if "[Content_Types].xml" not in names:
        raise RefusedError("broken-workbook", "it is a zip archive, but no workbook")
    for part in parts:
        if part.flag_bits & 1:
            raise RefusedError("broken-workbook", "a part is encrypted")
        limit = _MAX_SHEET_BYTES if part.filename.startswith("xl/worksheets/sheet") else _MAX_PART_BYTES
        needed = part.filename.endswith((".xml", ".rels"))
        if needed and part.file_size > limit:
            raise RefusedError("file-too-large", f"{part.filename} has {part.file_size} bytes unpacked")
    return names


def _notes(names: set[str], visible: list[str]) -> list[tuple[str, str]]:
    notes = []
    if any(name.endswith("vbaProject.bin") for name in names):
        notes.append(("macros-ignored", ""))
    if any(name.startswith("xl/externalLinks/") for name in names):
        notes.append(("external-links", ""))
    if len(visible) > 1:
        notes.append(("other-sheets", visible[0][:100]))
    return notes


def _scan(archive: zipfile.ZipFile, part: str) -> tuple[set[str], list[str]]:
    """Find formulas whose value was never saved, and merged cells: openpyxl shows both as empty."""
    formulas: set[str] = set()
    merged: list[str] = []
    with archive.open(part.lstrip("/")) as file:
        text = b""
        while chunk := file.read(_CHUNK):
            text = text[-_OVERLAP:] + chunk
            formulas.update(found[1].decode() for found in _FORMULA.finditer(text))
            merged += [found[1].decode() for found in _MERGED.finditer(text)]
            if len(formulas) > _MAX_REMARKS or len(merged) > _MAX_REMARKS:
                break
    return formulas, list(dict.fromkeys(merged))


def _rows(sheet: Any, empty_formulas: set[str], most: int) -> Iterator[tuple[int, list[Any]]]:
    from openpyxl.utils import get_column_letter

    letters = [get_column_letter(i) for i in range(1, MAX_COLUMNS + 2)]
    found = 0
    rows = sheet.iter_rows(max_row=_MAX_SHEET_ROWS, max_col=MAX_COLUMNS + 1, values_only=True)
    formula_rows = {int(place.lstrip(ascii_uppercase)) for place in empty_formulas}
    nothing: Any = None
    for number, values in enumerate(rows, 1):
        if number not in formula_rows and (values is nothing or values.count(None) == len(values)):
            nothing = values  # openpyxl gives one and the same tuple for all rows that are not there
            continue
        last = next((i for i in range(len(values), 0, -1) if values[i - 1] is not None), 0)
        cells = [_plain(value) for value in values[:last]]
        if number in formula_rows:
            for i, letter in enumerate(letters):
                if f"{letter}{number}" in empty_formulas:
                    cells += [None] * (i + 1 - len(cells))
                    cells[i] = {"formula-without-value": ""}
        if any(cell not in (None, "") for cell in cells):
            found += 1
            yield number, cells
        if found >= most:
            return


def _plain(value: Any) -> Any:
    """Turn a cell into JSON: itself, `{"date": …}`, or `{code: …}` for trouble."""
    if isinstance(value, str):
        if value.startswith("#") and value in _ERRORS:
            return {"error-value": value}
        return value[: MAX_CELL_CHARACTERS + 1].encode(errors="replace").decode()
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int | float):
        return value if abs(value) < _EXACT else {"number-rounded": repr(value)[:40]}
    if isinstance(value, datetime | date):
        return {"date": value.isoformat()}
    return {"not-a-value": str(value)[:40]} if not isinstance(value, time | timedelta) else str(value)


_ERRORS = frozenset(
    ("#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A", "#GETTING_DATA", "#SPILL!")
)


def answer(content: bytes, max_rows: int) -> dict[str, Any]:
    """Give what `read` gives, or `{"refused": code, "detail": …}`."""
    try:
        return read(content, max_rows)
    except RefusedError as error:
        return {"refused": error.code, "detail": error.detail}
    except MemoryError:
        return {"refused": "file-too-large", "detail": "it does not fit into memory"}
    except Exception as error:  # noqa: BLE001 - a stranger's file may break the reader in any way
        if _declares_entities(error):
            return {"refused": "hostile-workbook", "detail": "it declares entities"}
        return {"refused": "broken-workbook", "detail": f"{type(error).__name__}: {error}"[:200]}


def _declares_entities(error: BaseException | None) -> bool:
    from defusedxml import DefusedXmlException

    while error is not None and not isinstance(error, DefusedXmlException):
        error = error.__cause__ or error.__context__  # openpyxl wraps what the parser says
    return error is not None


def main() -> None:
    """Read the workbook on standard input under limits of the kernel."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    found = answer(sys.stdin.buffer.read(), int(sys.argv[1]))
    sys.stdout.buffer.write(msgspec.json.encode(found))


if __name__ == "__main__":
    main()
