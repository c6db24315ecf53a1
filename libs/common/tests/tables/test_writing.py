"""What is written opens elsewhere and says the same."""

import io
from typing import Literal

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, computed_field

from humidor_common.tables.fields import FlatField, flatten, row_of
from humidor_common.tables.write_xlsx import MAX_CHARACTERS, XlsxWriter

FIELDS = [FlatField("a", "text", ("a",)), FlatField("n", "integer", ("n",))]


def sheets(content: bytes) -> dict[str, list[tuple[object, ...]]]:
    book = openpyxl.load_workbook(io.BytesIO(content))
    return {sheet.title: list(sheet.iter_rows(values_only=True)) for sheet in book.worksheets}


def test_rows_beyond_a_sheet_go_to_the_next_with_its_headings() -> None:
    writer = XlsxWriter(FIELDS, "stock/levels", max_rows=4)
    content = writer.begin() + writer.rows([("x", n) for n in range(7)]) + writer.end()
    assert sheets(content) == {
        "stock levels": [("a", "n"), ("x", 0), ("x", 1), ("x", 2)],
        "stock levels 2": [("a", "n"), ("x", 3), ("x", 4), ("x", 5)],
        "stock levels 3": [("a", "n"), ("x", 6)],
    }


def test_texts_are_texts_and_numbers_are_exact_or_texts() -> None:
    row = [
        ("=1+1", 10**14),
        ("06901028000017", 10**17),
        ("#N/A", None),
        ("z" * 40_000, True),
        ("a\r\nb", -1.5),
    ]
    writer = XlsxWriter(FIELDS, "list")
    content = writer.begin() + writer.rows(row) + writer.end()
    book = openpyxl.load_workbook(io.BytesIO(content))
    cells = [[(cell.value, cell.data_type) for cell in each] for each in book["list"].iter_rows(min_row=2)]
    assert cells[0][0] == ("=1+1", "s") or cells[0][0] == ("=1+1", "inlineStr")
    assert cells[1] == [("06901028000017", cells[0][0][1]), (str(10**17), cells[0][0][1])]
    assert cells[2][1][0] is None
    assert len(str(cells[3][0][0])) == MAX_CHARACTERS
    assert (cells[3][1][0], cells[4][1][0]) == (True, -1.5)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.text(max_size=30), st.integers(-(10**14), 10**14)), max_size=4))
def test_any_text_can_be_written(rows: list[tuple[str, int]]) -> None:
    writer = XlsxWriter(FIELDS, "list")
    content = writer.begin() + writer.rows(rows) + writer.end()
    found = sheets(content)["list"][1:]
    assert [row[1] for row in found] == [row[1] for row in rows]
    printable = [(f[0], r[0]) for f, r in zip(found, rows, strict=True) if r[0].isprintable() and r[0]]
    assert all(written == text for written, text in printable)


class Level(BaseModel):
    unit: Literal["pack", "stick"]
    point: int | None = None


class Row(BaseModel):
    gtin: str
    level: Level | None
    lots: list[int] = []

    @computed_field  # type: ignore[prop-decorator]
    @property
    def doubled(self) -> int:
        return 2


def test_models_inside_are_spread_and_lists_become_json() -> None:
    fields = flatten(Row)
    assert [(f.name, f.kind) for f in fields] == [
        ("gtin", "text"),
        ("level.unit", "text"),
        ("level.point", "integer"),
        ("lots", "document"),
        ("doubled", "integer"),
    ]
    row = Row(gtin="1", level=Level(unit="pack"), lots=[1, 2]).model_dump(mode="json")
    assert row_of(row, fields) == ["1", "pack", None, "[1,2]", 2]
    assert row_of({"gtin": 7, "level": None}, fields) == ["7", None, None, None, None]


@pytest.mark.parametrize("annotation", [Row])
def test_a_field_that_is_both_is_a_document(annotation: type[BaseModel]) -> None:
    class Odd(BaseModel):
        value: int | str
        choice: Literal["a"] | Literal["b"]  # noqa: PYI030
        more: annotation | None  # type: ignore[valid-type]

    kinds = {field.name: field.kind for field in flatten(Odd)}
    assert (kinds["value"], kinds["choice"], kinds["more.gtin"]) == ("document", "text", "text")
