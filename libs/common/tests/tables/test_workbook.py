"""Whatever workbook comes, there is a report within bounded time and memory, and never a traceback."""

import zipfile
from datetime import date, datetime
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from humidor_common.tables import workbook as child
from humidor_common.tables.headings import Column, lay_out
from humidor_common.tables.reading import Table, Trouble, read_table
from humidor_common.testing.workbooks import content, text_cell, with_parts, with_sheet, workbook

COLUMNS = (Column("gtin", ("商品条码",), required=True, digits=True), Column("name", ("名称",)))


def codes(table: Table) -> list[str]:
    return [each.code for each in table.errors]


def test_cells_keep_their_types_and_rows_their_numbers() -> None:
    rows = [("gtin", "n", "d", "b"), (None,), (6901028000017, 1.5, datetime(2026, 11, 2), True), ("'069", -3)]  # noqa: DTZ001
    table = read_table(content(workbook(*rows)), max_rows=10)
    assert (table.format, table.sheet, table.errors) == ("xlsx", "data", [])
    assert table.rows == [
        (1, ["gtin", "n", "d", "b"]),
        (3, [6901028000017, 1.5, date(2026, 11, 2), True]),
        (4, ["'069", -3]),
    ]


def test_formulas_without_values_errors_and_rounded_numbers_are_told() -> None:
    cells = (
        f'<row r="1">{text_cell("A1", "gtin")}</row>'
        '<row r="2"><c r="A2"><f>1+1</f></c><c r="B2"><f>1+1</f><v>2</v></c>'
        '<c r="C2" t="e"><f>1/0</f><v>#DIV/0!</v></c><c r="D2"><v>1.2345678901234567E30</v></c></row>'
        '<row r="3"><c r="A3"><f t="shared" si="0"/><v></v></c></row>'
    )
    table = read_table(with_sheet(cells), max_rows=10)
    assert table.rows[1][1] == [
        Trouble("formula-without-value", ""),
        2,
        Trouble("error-value", "#DIV/0!"),
        Trouble("number-rounded", "1.2345678901234567E30"),
    ]
    assert table.rows[2] == (3, [Trouble("formula-without-value", "")])


def test_merged_cells_among_the_rows_are_a_mistake_and_a_merged_title_is_none() -> None:
    book = workbook(("商品清单",), ("商品条码", "名称"), ("1", "a"), ("2", "b"))
    book.active.merge_cells("A1:B1")
    assert lay_out(read_table(content(book), max_rows=10), COLUMNS).errors == []
    book.active.merge_cells("B3:B4")
    (found,) = lay_out(read_table(content(book), max_rows=10), COLUMNS).errors
    assert (found.code, found.row, "B3:B4" in found.message) == ("merged-cells", 3, True)


def test_the_first_visible_sheet_is_read_and_the_others_are_named() -> None:
    book = workbook(("gtin",), ("1",), second=(("gtin",), ("2",)), third=(("gtin",), ("3",)))
    book["data"].sheet_state = "hidden"
    table = read_table(content(book), max_rows=10)
    assert (table.sheet, table.rows[1]) == ("second", (2, ["2"]))
    assert [each.code for each in table.warnings] == ["other-sheets", "hidden-sheets"]


def test_macros_and_links_are_left_alone_and_told() -> None:
    parts = {"xl/vbaProject.bin": b"\x00", "xl/externalLinks/externalLink1.xml": b"<externalLink/>"}
    table = read_table(with_parts(content(workbook(("gtin",), ("1",))), parts), max_rows=10, name="a.xlsm")
    assert [each.code for each in table.warnings] == ["macros-ignored", "external-links"]
    assert len(table.rows) == 2


BOMB = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">' + "".join(
    f'<!ENTITY {name} "{f"&{before};" * 10}">' for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


def _zip(entries: dict[str, bytes]) -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in entries.items():
            archive.writestr(name, part)
    return out.getvalue()


SOUND = content(workbook(("gtin",), ("1",)))


@pytest.mark.parametrize(
    ("file", "code"),
    [
        (SOUND[: len(SOUND) // 2], "broken-workbook"),
        (SOUND[:4], "broken-workbook"),
        (_zip({"notes.txt": b"hello"}), "broken-workbook"),
        (_zip({"[Content_Types].xml": b"<Types/>"}), "broken-workbook"),
        (_zip({"xl/workbook.bin": b"", "[Content_Types].xml": b""}), "binary-workbook"),
        (with_parts(SOUND, {"xl/workbook.xml": b"<workbook"}), "broken-workbook"),
        (with_parts(SOUND, {"xl/worksheets/sheet1.xml": b"<worksheet><sheetData><row"}), "broken-workbook"),
        (with_sheet(f"<row>{text_cell('A1', '&i;')}</row>", before=BOMB + "]>"), "hostile-workbook"),
        (
            with_sheet("", before='<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]>'),
            "hostile-workbook",
        ),
        (with_parts(SOUND, {"xl/styles.xml": b"<a>" + b" " * (40 * 1024**2) + b"</a>"}), "file-too-large"),
        (with_parts(SOUND, {f"x/{n}.xml": b"" for n in range(2100)}), "file-too-large"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 600, "old-workbook"),
    ],
)
def test_a_broken_or_hostile_workbook_gives_a_report(file: bytes, code: str) -> None:
    table = read_table(file, max_rows=10)
    assert (codes(table), table.rows) == ([code], [])


def test_thousands_of_columns_and_rows_far_down_cost_nothing() -> None:
    wide = "".join(f'<c r="{letters}2" s="0"/>' for letters in ("A", "XFD"))
    far = text_cell("B1048576", "last")
    cells = f'<row r="1">{text_cell("A1", "gtin")}</row><row r="2">{wide}</row><row r="1048576">{far}</row>'
    table = read_table(with_sheet(cells), max_rows=10)
    assert table.rows == [(1, ["gtin"]), (1048576, [None, "last"])]
    beyond = f'<row r="1">{text_cell("A1", "gtin")}</row><row r="99999999999"><c r="A9"><v>1</v></c></row>'
    assert len(read_table(with_sheet(beyond), max_rows=10).rows) == 1


def test_a_workbook_that_outgrows_its_memory_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    def grow(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr(child, "read", grow)
    assert child.answer(SOUND, 10)["refused"] == "file-too-large"


def test_more_rows_than_may_be_are_not_read() -> None:
    table = read_table(content(workbook(("gtin",), *[(str(n),) for n in range(50)])), max_rows=10)
    assert len(table.rows) == 12


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_no_change_to_a_workbook_whatever_makes_the_reader_fail(data: st.DataObject) -> None:
    broken = bytearray(SOUND)
    for _ in range(data.draw(st.integers(1, 6))):
        broken[data.draw(st.integers(0, len(broken) - 1))] = data.draw(st.integers(0, 255))
    found = child.answer(bytes(broken), 10)
    assert found.keys() in ({"refused", "detail"}, {"sheets"})
