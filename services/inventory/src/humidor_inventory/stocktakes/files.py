"""Reads the file of a handheld scanner, whatever wrote it, and lists every mistake by row and column."""

import csv
import hashlib
import io
from collections.abc import Iterator
from datetime import tzinfo
from typing import NamedTuple
from uuid import UUID, uuid5

from humidor_common.tables.text import decode, find_delimiter, plain
from humidor_inventory.stocktakes.cells import Reader, Row
from humidor_inventory.stocktakes.schemas import CountInput, FileError

MAX_ROWS = 20_000

_ARCHIVE = b"PK\x03\x04"
_NAMES = {
    "gtin": "gtin", "ean": "gtin", "barcode": "gtin", "条码": "gtin", "条形码": "gtin", "商品条码": "gtin",
    "lot": "lot", "batch": "lot", "批次": "lot", "批号": "lot",
    "quantity": "quantity", "qty": "quantity", "数量": "quantity", "盘点数量": "quantity",
    "unit": "unit", "单位": "unit",
    "counted_at": "counted_at", "time": "counted_at", "盘点时间": "counted_at", "时间": "counted_at",
}  # fmt: skip


class ScannedFile(NamedTuple):
    """What a file says: counts, one a product (and lot), and everything that is wrong with it."""

    encoding: str
    delimiter: str
    rows: int
    counts: list[CountInput]
    first_rows: dict[UUID, int]
    errors: list[FileError]


def read_file(content: bytes, stocktake_id: UUID, zone: tzinfo) -> ScannedFile:
    """Read a table with the columns gtin, quantity and, where there are, lot, unit and counted_at.

    Comma, semicolon or tab; UTF-8 (with or without its mark), UTF-16 with a mark or GB 18030; headings in
    English or Chinese. A time without an offset is in `zone`. A scanner writes one row a scan: rows of one
    product, lot and unit are added up, counted at the latest time among them. The ids of the counts come from
    the content, so that the same file sent twice counts once.
    """
    text, encoding = _decode(content)
    if text is None:
        message = "is no text in UTF-8, UTF-16 or GB 18030; a workbook is saved as CSV first"
        return ScannedFile(encoding, ",", 0, [], {}, [FileError(row=1, column="", message=message)])
    delimiter = find_delimiter(text)
    errors: list[FileError] = []
    rows = list(_rows(text, delimiter, zone, errors))
    digest = hashlib.sha256(content).hexdigest()
    counts, first_rows = _add_up(rows, stocktake_id, digest, errors)
    if not rows and not errors:
        errors.append(FileError(row=2, column="", message="there is no row below the headings"))
    return ScannedFile(encoding, delimiter, len(rows), counts, first_rows, errors)


def _decode(content: bytes) -> tuple[str | None, str]:
    return (None, "archive") if content.startswith(_ARCHIVE) else decode(content)


def _rows(text: str, delimiter: str, zone: tzinfo, errors: list[FileError]) -> Iterator[Row]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    columns: dict[str, int] | None = None
    found = 0
    try:
        for cells in reader:
            number = reader.line_num
            if not any(cell.strip() for cell in cells):
                continue
            if columns is None:
                columns = _headings(cells, number, errors)
                if errors:
                    return
                continue
            found += 1
            if found > MAX_ROWS:
                errors.append(
                    FileError(row=number, column="", message=f"there are more than {MAX_ROWS} rows")
                )
                return
            row = Reader(number, cells, columns, zone, errors).read()
            if row:
                yield row
    except csv.Error as error:
        errors.append(FileError(row=reader.line_num or 1, column="", message=f"is no table: {error}"))
    if columns is None and not errors:
        errors.append(FileError(row=1, column="", message="the file is empty"))


def _headings(cells: list[str], number: int, errors: list[FileError]) -> dict[str, int]:
    columns: dict[str, int] = {}
    for i, cell in enumerate(cells):
        heading = plain(cell)
        name = _NAMES.get(heading.lower())
        if name is None and heading:
            known = "gtin, lot, quantity, unit, counted_at"
            message = f"is not a known heading; known are {known}"
            errors.append(
                FileError(row=number, column=heading[:50] if heading.isprintable() else "", message=message)
            )
        elif name in columns:
            errors.append(FileError(row=number, column=heading, message="stands there twice"))
        elif name:
            columns[name] = i
    errors += [
        FileError(row=number, column=name, message="this column is missing")
        for name in ("gtin", "quantity")
        if name not in columns
    ]
    return columns


def _add_up(
    rows: list[Row], stocktake_id: UUID, digest: str, errors: list[FileError]
) -> tuple[list[CountInput], dict[UUID, int]]:
    counts: list[CountInput] = []
    first_rows: dict[UUID, int] = {}
    groups: dict[tuple[str, str | None], list[Row]] = {}
    for row in rows:
        groups.setdefault((row.gtin, row.lot), []).append(row)
    for (gtin, lot), group in groups.items():
        units = {row.unit or "pack" for row in group}
        quantity = sum(row.quantity for row in group)
        if len(units) > 1:
            first = group[0].unit or "pack"
            number = next(row.number for row in group if (row.unit or "pack") != first)
            message = f"is not {first} as in row {group[0].number}; count a product in one unit"
            errors.append(FileError(row=number, column="unit", message=message))
        elif quantity > 1_000_000_000:
            errors.append(FileError(row=group[0].number, column="quantity", message="adds up to too much"))
        else:
            times = [row.counted_at for row in group if row.counted_at]
            count_id = uuid5(stocktake_id, f"{digest} {gtin} {lot or ''}")
            first_rows[count_id] = group[0].number
            counts.append(
                CountInput(
                    count_id=count_id,
                    gtin=gtin,
                    lot=lot,
                    quantity=quantity,
                    counted_at=max(times) if times else None,
                    **{"unit": group[0].unit} if group[0].unit else {},
                )
            )
    return counts, first_rows
