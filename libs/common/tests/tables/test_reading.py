"""Text files of whatever spreadsheet, and cells that are what they say or refused."""

from datetime import date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from humidor_common.tables.fields import FieldKind, FlatField
from humidor_common.tables.guard import guard, unguard
from humidor_common.tables.headings import Column, lay_out
from humidor_common.tables.mistakes import MESSAGES, CellError
from humidor_common.tables.reading import read_sheets, read_table
from humidor_common.tables.values import convert
from humidor_common.tables.write_csv import CsvWriter
from humidor_common.testing.workbooks import content, workbook

COLUMNS = (Column("gtin", ("商品条码",), ("EAN",), required=True), Column("name", ("品名",)))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_text_is_read_in_every_encoding_and_with_every_delimiter(encoding: str, delimiter: str) -> None:
    rows = [["商品条码", "品名"], ["'0690", f'"利{delimiter}群\n硬"'], ["", ""], ["2", "b"]]
    table = read_table("\r\n".join(delimiter.join(row) for row in rows).encode(encoding), max_rows=10)
    assert table.delimiter == delimiter
    assert table.rows == [(1, ["商品条码", "品名"]), (2, ["0690", f"利{delimiter}群\n硬"]), (4, ["2", "b"])]


@pytest.mark.parametrize(
    ("content", "row", "code"),
    [
        (b"", 1, "empty-file"),
        (b"\n \n", 1, "empty-file"),
        (b"\xff\xff\xff\x81", 1, "unknown-encoding"),
        (b'gtin\n"1', 2, "broken-table"),
        (b"gtin\n" + b"9" * 200_000, 2, "broken-table"),
        (b"gtin,name\n", 2, "no-rows"),
        (b"colour,size\n1,2\n", 1, "no-headings"),
        (b"name\na\n", 1, "missing-column"),
        (b"gtin,EAN\n1,2\n", 1, "repeated-column"),
    ],
)
def test_a_file_that_is_no_table_says_why(content: bytes, row: int, code: str) -> None:
    errors = lay_out(read_table(content, max_rows=10), COLUMNS).errors
    assert [(each.row, each.code) for each in errors] == [(row, code)]


def test_headings_are_found_below_titles_whatever_their_case_and_spaces() -> None:
    layout = lay_out(read_table("库存表,,\n\n Ean ,品 名,备注\n1,a,x\n".encode(), max_rows=10), COLUMNS)
    assert [(each.column.field, each.place, each.text) for each in layout.headings] == [
        ("gtin", 0, "Ean"),
        ("name", 1, "品 名"),
    ]
    assert (layout.header_row, layout.rows) == (3, [(4, ["1", "a", "x"])])
    assert [each.column for each in layout.warnings] == ["备注"]


GOOD: list[tuple[Any, FieldKind, Any]] = [
    (" 12 ", "integer", 12),
    ("１２", "integer", 12),
    ("1,234", "integer", 1234),
    ("12.00", "integer", 12),
    (12.0, "integer", 12),
    ("2026-11-02", "date", date(2026, 11, 2)),
    ("2026/11/2", "date", date(2026, 11, 2)),
    ("2026.11.02", "date", date(2026, 11, 2)),
    ("20261102", "date", date(2026, 11, 2)),
    ("2026年11月2日", "date", date(2026, 11, 2)),
    ("２０２６年１１月２日", "date", date(2026, 11, 2)),
    ("2026-11-02 00:00:00", "date", date(2026, 11, 2)),
    ("46328", "date", date(2026, 11, 2)),
    (46328, "date", date(2026, 11, 2)),
    (datetime(2026, 11, 2), "date", date(2026, 11, 2)),  # noqa: DTZ001
    ("是", "boolean", True),
    ("FALSE", "boolean", False),
    (5, "text", "5"),
    (5.0, "text", "5"),
    ("1,234.50", "number", "1234.50"),
    ("", "integer", None),
    (None, "date", None),
]
BAD: list[tuple[Any, FieldKind, str]] = [
    ("12.5", "integer", "not-a-whole-number"),
    (12.5, "integer", "not-a-whole-number"),
    ("1,2", "integer", "not-a-whole-number"),
    ("1E3", "integer", "number-rounded"),
    (True, "integer", "not-a-whole-number"),
    ("11/02/2026", "date", "ambiguous-date"),
    ("2026-13-01", "date", "not-a-date"),
    ("2026年2月30日", "date", "not-a-date"),
    ("99999", "date", "not-a-date"),
    ("soon", "date", "not-a-date"),
    ("perhaps", "boolean", "not-yes-or-no"),
    (date(2026, 11, 1), "text", "turned-into-date"),
    ("x", "number", "not-a-number"),
]


@pytest.mark.parametrize(("cell", "kind", "value"), GOOD)
def test_a_cell_is_read_as_what_it_means(cell: Any, kind: FieldKind, value: Any) -> None:
    assert convert(cell, kind) == value


@pytest.mark.parametrize(("cell", "kind", "code"), BAD)
def test_a_cell_that_could_mean_something_else_is_refused(cell: Any, kind: FieldKind, code: str) -> None:
    with pytest.raises(CellError) as caught:
        convert(cell, kind)
    assert caught.value.code == code
    assert code in MESSAGES


def test_a_number_that_names_something_loses_no_digit() -> None:
    for cell in (
        "6901028000017",
        6901028000017,
        6901028000017.0,
        "6901028000017.00",
        "６９０１０２８０００017",
    ):
        assert convert(cell, "text", digits=True) == "6901028000017"
    for cell in ("6.901E+12", "6,901E+12", "6.90103e12"):
        with pytest.raises(CellError, match="number-rounded"):
            convert(cell, "text", digits=True)
    assert convert("2E5", "text") == "2E5"


@given(st.text(max_size=20))
def test_what_is_guarded_is_read_back_as_it_was_and_is_no_formula(text: str) -> None:
    written = guard(text)
    assert unguard(written) == text
    assert not written.startswith(("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠"))


@given(
    st.lists(st.lists(st.text(st.characters(codec="utf-8"), max_size=12), min_size=2, max_size=2), max_size=5)
)
def test_a_csv_that_was_written_is_read_back(rows: list[list[str]]) -> None:
    rows = [[f"x{a}", f"{b}x"] for a, b in rows]
    writer = CsvWriter([FlatField("a", "text", ("a",)), FlatField("b", "text", ("b",))], "list")
    content = writer.begin() + writer.rows(rows) + writer.end()
    assert [cells for _, cells in read_table(content, max_rows=10).rows] == [["a", "b"], *rows]


@given(
    st.one_of(st.binary(max_size=300), st.text(max_size=200).map(lambda text: text.encode(errors="ignore")))
)
def test_no_content_whatever_makes_the_reader_fail(content: bytes) -> None:
    if not content.startswith(b"PK\x03\x04"):
        lay_out(read_table(content, max_rows=10), COLUMNS)
        lay_out(read_table(b"gtin,name\n" + content, max_rows=10), COLUMNS)


def test_every_visible_sheet_of_a_workbook_is_read_and_nothing_of_another_file() -> None:
    book = workbook(("a", 1), more=(("b",), ("c",)), hidden=(("d",),))
    book["hidden"].sheet_state = "hidden"
    tables = read_sheets(content(book), max_rows=5)
    assert [(table.sheet, [cells for _, cells in table.rows]) for table in tables] == [
        ("data", [["a", 1]]),
        ("more", [["b"], ["c"]]),
    ]
    assert {each.code for table in tables for each in table.warnings} == {"hidden-sheets"}
    for file in (b"a,b", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        (table,) = read_sheets(file, max_rows=5)
        assert table.rows == []
        assert len(table.errors) == 1
