"""Files to fill in: the headings, an example row, and what each column means."""

import io
from typing import Any, Literal

from humidor_common.imports.kinds import Kind
from humidor_common.tables.fields import FlatField
from humidor_common.tables.headings import Column
from humidor_common.tables.write_csv import CsvWriter

Language = Literal["en", "zh"]
_TEXT = "@"
_LAST_ROW = 50_000
_NOTES = {"en": ("Notes", ("column", "required", "means")), "zh": ("说明", ("列", "必填", "含义"))}
_KINDS = {
    "text": ("text", "文本"),
    "integer": ("whole number", "整数"),
    "number": ("number", "数字"),
    "boolean": ("yes or no", "是或否"),
    "date": ("date, 2026-11-02", "日期，如 2026-11-02"),
    "time": ("time, 2026-11-02T10:15:00+08:00", "时间，如 2026-11-02T10:15:00+08:00"),
    "document": ("text", "文本"),
}


def heading(column: Column, language: Language) -> str:
    """Name the column in the language, or by its field where it has no Chinese name."""
    return column.chinese[0] if language == "zh" and column.chinese else column.field


def csv_template(kind: Kind, language: Language) -> bytes:
    """Write the headings and the example."""
    columns = kind.all_columns()
    fields = [FlatField(heading(column, language), column.kind, ()) for column in columns]
    writer = CsvWriter(fields, kind.name)
    return (
        writer.begin() + writer.rows([[kind.example.get(column.field) for column in columns]]) + writer.end()
    )


def xlsx_template(kind: Kind, language: Language) -> bytes:
    """Write the headings and the example, text columns as text, choices as lists; notes on a second sheet."""
    from openpyxl import Workbook
    from openpyxl.styles import Font

    book = Workbook()
    sheet = book.active
    sheet.title = kind.title[language == "zh"]
    columns = kind.all_columns()
    for i, column in enumerate(columns, 1):
        sheet.cell(1, i, heading(column, language)).font = Font(bold=True)
        sheet.cell(2, i, kind.example.get(column.field))
        if column.kind == "text":
            sheet.cell(2, i).number_format = _TEXT
            sheet.column_dimensions[sheet.cell(1, i).column_letter].number_format = _TEXT
        _offer_choices(sheet, column, sheet.cell(1, i).column_letter)
    sheet.freeze_panes = "A2"
    _add_notes(book, columns, language)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _offer_choices(sheet: Any, column: Column, letter: str) -> None:
    from openpyxl.worksheet.datavalidation import DataValidation

    sheet.column_dimensions[letter].width = 18
    if column.words:
        choices = ",".join(dict.fromkeys(str(value) for value in column.words.values()))
        validation = DataValidation(type="list", formula1=f'"{choices}"', allow_blank=not column.required)
        validation.showErrorMessage = False  # words such as 在售 are read too
        sheet.add_data_validation(validation)
        validation.add(f"{letter}2:{letter}{_LAST_ROW}")


def _add_notes(book: Any, columns: tuple[Column, ...], language: Language) -> None:
    title, headings = _NOTES[language]
    chinese = language == "zh"
    notes = book.create_sheet(title)
    notes.append(headings)
    for column in columns:
        meaning = column.note[chinese] or _KINDS[column.kind][chinese]
        if column.words:
            meaning += ": " + ", ".join(column.words)
        required = ("yes", "是")[chinese] if column.required else ""
        notes.append((heading(column, language), required, meaning))
    notes.column_dimensions["A"].width = 28
    notes.column_dimensions["C"].width = 80
