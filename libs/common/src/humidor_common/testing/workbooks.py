"""Workbooks made for tests, sound ones and such as no spreadsheet would write."""

import io
import zipfile
from collections.abc import Mapping
from typing import Any

import openpyxl

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def workbook(*rows: tuple[Any, ...], **sheets: tuple[tuple[Any, ...], ...]) -> openpyxl.Workbook:
    book = openpyxl.Workbook()
    book.active.title = "data"
    for row in rows:
        book.active.append(row)
    for name, more in sheets.items():
        sheet = book.create_sheet(name)
        for row in more:
            sheet.append(row)
    return book


def content(book: openpyxl.Workbook) -> bytes:
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def with_parts(original: bytes, parts: Mapping[str, bytes]) -> bytes:
    """Replace or add parts of a workbook."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(original)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for info in old.infolist():
            if info.filename not in parts:
                new.writestr(info.filename, old.read(info.filename))
        for name, part in parts.items():
            new.writestr(name, part)
    return out.getvalue()


def with_sheet(rows: str, *, before: str = "", after: str = "") -> bytes:
    """Make a workbook whose sheet has this XML."""
    sheet = f'<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData>{after}</worksheet>'
    sheet = f'<?xml version="1.0"?>{before}{sheet}'
    return with_parts(content(workbook(("x",))), {"xl/worksheets/sheet1.xml": sheet.encode()})


def text_cell(place: str, text: str) -> str:
    return f'<c r="{place}" t="inlineStr"><is><t>{text}</t></is></c>'
