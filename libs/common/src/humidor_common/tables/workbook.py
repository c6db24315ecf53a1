"""Reads the visible sheets of a workbook, as `python -m humidor_common.tables.workbook ROWS [every]`.

Without `every` it is the first one.

The workbook comes on standard input, its rows go to standard output as one JSON document. Whatever is in the
file, the process ends within its time and memory (the kernel sees to it), and the service does not grow.
"""

import io
import resource
import sys
import zipfile
from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec

from humidor_common.tables.sheet import EntitiesError, Meaning, SheetReader

CPU_SECONDS = 90
MEMORY_BYTES = 1024**3
_MAX_PARTS = 2000
_MAX_SHEETS = 50
_MAX_SHEET_BYTES = 256 * 1024**2
_MAX_PART_BYTES = 32 * 1024**2


class RefusedError(Exception):
    """The workbook is not read; carries a code of `mistakes.MESSAGES` and a detail."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail


def read(content: bytes, max_rows: int, *, every: bool = False) -> dict[str, Any]:
    """Read `{"sheets": […]}`: the first visible one or `every`, with the rows that hold anything.

    Of each sheet come `max_rows` and one more at most.

    Raises:
        RefusedError: It is too large, hostile or broken.
    """
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError) as error:
        raise RefusedError("broken-workbook", "it is cut off or no workbook") from error
    names = _check(archive)
    from openpyxl import load_workbook
    from openpyxl.worksheet._read_only import ReadOnlyWorksheet

    # It would read the whole of a sheet that does not say its size; this process never asks for it.
    ReadOnlyWorksheet._get_size = _leave_unsized  # noqa: SLF001
    book = load_workbook(io.BytesIO(content), read_only=True, data_only=True, keep_links=False)
    visible = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
    if not visible:
        raise RefusedError("no-sheet")
    if len(visible) > _MAX_SHEETS and every:
        raise RefusedError("file-too-large", f"{len(visible)} sheets")
    notes = _notes(names, [each.title for each in visible[: 1 if every else None]])
    shown = visible if every else visible[:1]
    hidden = [each.title for each in book.worksheets if each.sheet_state != "visible"]
    if hidden:
        notes.append(("hidden-sheets", ", ".join(hidden)[:200]))
    return {"sheets": [_read_sheet((archive, book), each, max_rows, notes) for each in shown]}


def _read_sheet(of: tuple[zipfile.ZipFile, Any], sheet: Any, max_rows: int, notes: Any) -> dict[str, Any]:
    archive, book = of
    reader = SheetReader(Meaning(sheet._shared_strings, book._date_formats, _date_reader(book)))  # noqa: SLF001
    with archive.open(sheet._worksheet_path.lstrip("/")) as file:  # noqa: SLF001 - openpyxl has no other name
        rows = list(reader.read(file, max_rows + 1))
    return {"sheet": sheet.title, "notes": notes, "merged": reader.merged, "rows": rows}


def _leave_unsized(_: Any) -> None:
    return None


def _date_reader(book: Any) -> Callable[[float], Any]:
    from openpyxl.utils.datetime import from_excel

    return partial(from_excel, epoch=book.epoch)


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


def answer(content: bytes, max_rows: int, *, every: bool = False) -> dict[str, Any]:
    """Give what `read` gives, or `{"refused": code, "detail": …}`."""
    try:
        return read(content, max_rows, every=every)
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

    while error is not None and not isinstance(error, DefusedXmlException | EntitiesError):
        error = error.__cause__ or error.__context__  # openpyxl wraps what the parser says
    return error is not None


def main() -> None:
    """Read the workbook on standard input under limits of the kernel."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    found = answer(sys.stdin.buffer.read(), int(sys.argv[1]), every="every" in sys.argv[2:])
    sys.stdout.buffer.write(msgspec.json.encode(found))


if __name__ == "__main__":
    main()
