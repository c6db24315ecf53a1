"""Files to fill in: the headings, an example row, and what each column means."""

import io
from collections.abc import Sequence
from typing import Any, Literal

from humidor_common.imports.kinds import Kind
from humidor_common.tables.fields import FlatField
from humidor_common.tables.headings import Column, heading_key, known_headings
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


def named(columns: Sequence[Column], language: Language) -> list[tuple[str, Column]]:
    """Give columns their heading in the language; the field where there is none or another column has it."""
    owners = known_headings(columns)
    first = {each.field: each.chinese[0] for each in columns if language == "zh" and each.chinese}
    return [
        (name if owners[heading_key(name)] is each else each.field, each)
        for each in columns
        for name in [first.get(each.field, each.field)]
    ]


def csv_template(kind: Kind, language: Language) -> bytes:
    """Write the headings and the example."""
    columns = kind.all_columns()
    fields = [FlatField(heading, column.kind, ()) for heading, column in named(columns, language)]
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
    columns = named(kind.all_columns(), language)
    for i, (heading, column) in enumerate(columns, 1):
        sheet.cell(1, i, heading).font = Font(bold=True)
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


def _add_notes(book: Any, columns: Sequence[tuple[str, Column]], language: Language) -> None:
    title, headings = _NOTES[language]
    chinese = language == "zh"
    notes = book.create_sheet(title)
    notes.append(headings)
    for heading, column in columns:
        meaning = column.note[chinese] or _KINDS[column.kind][chinese]
        if column.words:
            meaning += ": " + ", ".join(column.words)
        required = ("yes", "是")[chinese] if column.required else ""
        notes.append((heading, required, meaning))
    notes.column_dimensions["A"].width = 28
    notes.column_dimensions["C"].width = 80
