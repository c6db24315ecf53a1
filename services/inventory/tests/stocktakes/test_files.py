from datetime import UTC, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from humidor_inventory.stocktakes.files import MAX_ROWS, ScannedFile, read_file
from humidor_inventory.testing.shop import make_gtin

STOCKTAKE = UUID(int=7)
ZONE = ZoneInfo("Asia/Shanghai")
ONE, TWO = make_gtin(1), make_gtin(2)


def read(content: bytes | str) -> ScannedFile:
    return read_file(content if isinstance(content, bytes) else content.encode(), STOCKTAKE, ZONE)


def counts(file: ScannedFile) -> list[tuple[str, str | None, int, str]]:
    assert file.errors == []
    return [(each.gtin, each.lot, each.quantity, each.unit) for each in file.counts]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_files_of_any_scanner_are_read(encoding: str, delimiter: str) -> None:
    rows = [["条码", "批次", "数量", "单位", "盘点时间"], [ONE, "批A", "12", "盒", "2026/11/23 10:15:00"]]
    content = "\r\n".join(delimiter.join(row) for row in rows).encode(encoding)
    file = read(content)
    assert counts(file) == [(ONE, "批A", 12, "pack")]
    assert file.delimiter == delimiter
    assert file.counts[0].counted_at == datetime(2026, 11, 23, 2, 15, tzinfo=UTC)


def test_rows_of_one_product_are_added_up_at_their_latest_time() -> None:
    file = read(
        f"gtin,quantity,counted_at\n{ONE[1:]},3,2026-11-23T10:00:00+08:00\n{TWO},1,\n\n"
        f"{ONE},4,2026-11-23T02:05:00Z\n"
    )
    assert counts(file) == [(ONE, None, 7, "pack"), (TWO, None, 1, "pack")]
    assert file.counts[0].counted_at == datetime(2026, 11, 23, 2, 5, tzinfo=UTC)
    assert file.rows == 3


def test_element_strings_and_full_width_digits_are_read() -> None:
    wide = "".join(chr(ord(digit) + 0xFEE0) for digit in "12")
    file = read(f"barcode;qty;unit\n01{ONE}10L2611A;{wide};Carton\n(01){TWO};2,00;箱\n")
    assert counts(file) == [(ONE, "L2611A", 12, "carton"), (TWO, None, 2, "case")]


def test_the_same_file_gives_the_same_ids_and_another_file_others() -> None:
    first, again = read(f"gtin,quantity\n{ONE},3"), read(f"gtin,quantity\n{ONE},3")
    other = read(f"gtin,quantity\n{ONE},4")
    assert first.counts == again.counts
    assert first.counts[0].count_id != other.counts[0].count_id


def test_every_mistake_is_listed_by_row_and_column() -> None:
    file = read(
        "gtin,lot,quantity,unit,counted_at\n"
        f"{ONE},A,1,pack,\n"
        f"{ONE[:-1]}x,A,-1,bale,yesterday\n"
        "6.90103E+12,,1.5,,\n"
        f"{TWO},,,,2026-13-01 10:00\n"
        f"{ONE},A,1,carton,\n"
        f"{TWO},{'L' * 65},1,,,extra\n"
    )
    found = [(each.row, each.column) for each in sorted(file.errors, key=lambda each: each.row)]
    assert found == [
        (3, "gtin"),
        (3, "quantity"),
        (3, "unit"),
        (3, "counted_at"),
        (4, "gtin"),
        (4, "quantity"),
        (5, "quantity"),
        (5, "counted_at"),
        (6, "unit"),
        (7, ""),
        (7, "lot"),
    ]


@pytest.mark.parametrize(
    ("content", "row", "column"),
    [
        (b"", 1, ""),
        (b"\n\n", 1, ""),
        (b"gtin,quantity\n", 2, ""),
        (b"\xff\xff\xff\x81", 1, ""),
        (b"\xff\xfe\x00", 1, ""),
        (b"gtin,quantity\n\x00\x01,1", 2, "gtin"),
        (b"lot;unit\nA;pack", 1, "gtin"),
        (b"gtin,gtin,quantity\n1,2,3", 1, "gtin"),
        (b"gtin,quantity,colour\n1,2,3", 1, "colour"),
        (b'gtin,quantity\n"1,2', 2, ""),
        (b"PK\x03\x04\x14\x00\x06\x00\x08\x00", 1, ""),
        (b"gtin,quantity\n" + b"9" * 200_000 + b",1", 2, ""),
        (b"gtin,quantity\n" + b"9" * 300 + b",1", 2, "gtin"),
        (b"gtin,quantity\n" + f"{ONE},99999999999\n".encode(), 2, "quantity"),
        (b"gtin,quantity\n" + f"{ONE},999999999\n".encode() * 2, 2, "quantity"),
    ],
)
def test_a_broken_file_gives_a_report(content: bytes, row: int, column: str) -> None:
    file = read(content)
    assert file.errors
    assert (file.errors[0].row, file.errors[0].column) == (row, column)


def test_a_file_without_end_is_cut_short() -> None:
    file = read(b"gtin,quantity\n" + f"{ONE},1\n".encode() * (MAX_ROWS + 5))
    assert file.errors[-1].message == f"there are more than {MAX_ROWS} rows"


@given(
    st.one_of(st.binary(max_size=300), st.text(max_size=200).map(lambda text: text.encode(errors="ignore")))
)
def test_no_content_whatever_makes_the_reader_fail(content: bytes) -> None:
    read(content)
    read(b"gtin,lot,quantity,unit,counted_at\n" + content)
