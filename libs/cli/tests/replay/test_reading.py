"""Files as people make them: encodings, separators, dates, numbers, columns."""

import gzip
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from humidor_cli.replay.columns import detect_columns
from humidor_cli.replay.files import SalesFile, open_sales_file
from humidor_cli.replay.mapping import Mapping, MappingError, load_mapping
from humidor_cli.replay.moments import detect_format, read_moment, sample_texts
from humidor_cli.replay.numbers import DecimalMark, currency_in, detect_mark, read_number, to_minor

from .conftest import WriteFile


def only_document(file: SalesFile) -> dict[str, object]:
    (document,) = file.documents(file.survey())
    return document.body


@pytest.mark.parametrize(
    ("texts", "first"),
    [
        (["2010-12-01 08:26:00"], datetime(2010, 12, 1, 8, 26, tzinfo=UTC)),
        (["2010-12-01T08:26:00+08:00"], datetime(2010, 12, 1, 0, 26, tzinfo=UTC)),
        (["12/1/2010 8:26", "12/13/2010 9:00"], datetime(2010, 12, 1, 8, 26, tzinfo=UTC)),
        (["01/12/2010 08:26", "13/12/2010 09:00"], datetime(2010, 12, 1, 8, 26, tzinfo=UTC)),
        (["01.12.10 08:26"], datetime(2010, 12, 1, 8, 26, tzinfo=UTC)),
        (["01-Dec-2010"], datetime(2010, 12, 1, tzinfo=UTC)),
        (["20101201"], datetime(2010, 12, 1, tzinfo=UTC)),
        (["2010年12月1日 8:26"], datetime(2010, 12, 1, 8, 26, tzinfo=UTC)),
        (["1291191960"], datetime(2010, 12, 1, 8, 26, tzinfo=UTC)),
        (["1291191960000"], datetime(2010, 12, 1, 8, 26, tzinfo=UTC)),
        (["12/01/2010 8:26 AM", "12/31/2010 8:26 PM"], datetime(2010, 12, 1, 8, 26, tzinfo=UTC)),
    ],
)
def test_dates_are_read_in_the_form_that_fits_the_whole_file(texts: list[str], first: datetime) -> None:
    assert read_moment(texts[0], detect_format(texts), "UTC") == first


def test_days_and_months_are_told_apart_by_the_way_that_time_runs() -> None:
    texts = ["1/2/2011", "1/3/2011", "1/4/2011", "2/1/2011", "2/2/2011"]
    assert detect_format(texts) == "%m/%d/%Y"


def test_a_moment_without_zone_is_the_wall_clock_of_the_mappings_zone() -> None:
    assert read_moment("2011-07-01 12:00", "iso", "Europe/London") == datetime(2011, 7, 1, 11, tzinfo=UTC)
    assert read_moment("2011-07-01 12:00", "iso", "Asia/Shanghai") == datetime(2011, 7, 1, 4, tzinfo=UTC)
    assert read_moment("not a moment", "iso", "UTC") is None


def test_the_sample_of_dates_reaches_the_end_of_a_long_file() -> None:
    texts = [f"{month}/{day}/2011" for month in range(1, 12) for day in range(1, 13) for _ in range(50)]
    assert "11/12/2011" in sample_texts(texts)


@pytest.mark.parametrize(
    ("text", "mark", "number"),
    [
        ("2.55", ".", "2.55"),
        ("1,234.50", ".", "1234.50"),
        ("0,90 €", ",", "0.90"),
        ("1.234,5", ",", "1234.5"),
        ("-80995", ".", "-80995"),
        ("(12.00)", ".", "-12.00"),
        ("12-", ".", "-12"),
        ("£1.50", ".", "1.50"),
        ("USD 3", ".", "3"),
        ("１２", ".", "12"),
        ("", ".", None),
        ("n/a", ".", None),
        ("1.2.3", ".", None),
    ],
)
def test_numbers_are_read_as_people_write_them(text: str, mark: DecimalMark, number: str | None) -> None:
    assert read_number(text, mark) == (None if number is None else Decimal(number))


def test_the_decimal_mark_is_found_by_what_can_only_be_one() -> None:
    assert detect_mark(["0,90", "1,20", "5"]) == ","
    assert detect_mark(["1,234", "2.50"]) == "."
    assert detect_mark(["1,234", "12"]) == "."


def test_prices_become_minor_units_exactly() -> None:
    assert to_minor(Decimal("2.55"), "GBP") == 255
    assert to_minor(Decimal("0.125"), "EUR") == 13
    assert to_minor(Decimal(300), "JPY") == 300
    assert to_minor(Decimal("1.2345"), "KWD") == 1235


def test_a_currency_stands_beside_the_number() -> None:
    assert currency_in("0,90 €") == "EUR"
    assert currency_in("CHF 3.20") == "CHF"
    assert currency_in("3.20") is None


def test_columns_are_found_by_many_names() -> None:
    assert detect_columns(["Invoice", "StockCode", "Quantity", "InvoiceDate", "Price", "Customer ID"]) == {
        "sale": "Invoice",
        "product": "StockCode",
        "quantity": "Quantity",
        "time": "InvoiceDate",
        "price": "Price",
        "customer": "Customer ID",
    }
    found = detect_columns(["", "date", "time", "ticket_number", "article", "Quantity", "unit_price"])
    assert (found["time"], found["clock"], found["sale"], found["product"]) == (
        "date",
        "time",
        "ticket_number",
        "article",
    )


def test_a_bakery_with_commas_euros_and_a_clock_of_its_own(write_file: WriteFile) -> None:
    file = write_file(
        ";date;time;ticket_number;article;Quantity;unit_price\n"
        "0;2021-01-02;08:38;150040.0;BAGUETTE;1.0;0,90 €\n"
        "1;2021-01-02;08:38;150040.0;PAIN AU CHOCOLAT;3.0;1,20 €\n",
        time_zone="Europe/Paris",
    )
    body = only_document(file)
    assert body["currency"] == "EUR"
    assert body["sold_at"] == "2021-01-02T07:38:00+00:00"
    assert body["payments"] == [{"method": "other", "amount": 450}]


def test_a_chinese_shop_in_gbk(write_file: WriteFile) -> None:
    file = write_file(
        "订单号,商品条码,商品名称,数量,单价,交易时间,会员号,门店\n"
        "A01,6901028001236,中华（硬）香烟,2,45.00,2023/5/1 9:05:00,会员甲,南京东路店\n",
        encoding="gb18030",
        default_currency="CNY",
    )
    survey = file.survey()
    assert survey.products == {"06901028001236": "中华（硬）香烟"}
    body = only_document(file)
    assert body["payments"] == [{"method": "other", "amount": 9000}]
    assert str(body["member_id"]).startswith("h-")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_western_text_in_any_encoding(write_file: WriteFile, encoding: str) -> None:
    file = write_file(
        "Receipt\tSKU\tName\tQty\tPrice\tDate\n7\tx1\tCafé crème\t1\t2.5\t2020-02-01\n", encoding
    )
    assert list(file.survey().products.values()) == ["Café crème"]


def test_a_gzip_file_needs_no_ending(tmp_path: Path) -> None:
    path = tmp_path / "sales.bin"
    path.write_bytes(gzip.compress(b"order_id,sku,qty,price,date\n1,a,2,3.00,2020-02-01\n"))
    assert only_document(open_sales_file(path, Mapping()))["sold_at"] == "2020-02-01T00:00:00+00:00"


def test_a_file_without_header_through_column_numbers(write_file: WriteFile) -> None:
    file = write_file(
        " 00004 0001 19970101  2   29.33\n 00004 0001 19970118  2   29.73\n",
        header=False,
        separator="whitespace",
        product=2,
        customer=1,
        time=3,
        quantity=4,
        amount=5,
    )
    bodies = [document.body for document in file.documents(file.survey())]
    assert [body["sold_at"] for body in bodies] == ["1997-01-01T00:00:00+00:00", "1997-01-18T00:00:00+00:00"]
    # 29.33 for two is 14.665 each, which no price in minor units can say: it is rounded and reported.
    assert bodies[0]["lines"][0]["unit_price"] == 1467
    assert file.survey().oddities["price_rounded"] == 2


def test_what_cannot_be_mapped_is_refused_with_the_columns_that_there_are(write_file: WriteFile) -> None:
    with pytest.raises(MappingError, match=r"no column for product among a, b"):
        write_file("a,b\n1,2\n")
    with pytest.raises(MappingError, match="no column price"):
        write_file("sku,date\n1,2020-01-01\n", price="price")
    with pytest.raises(MappingError, match="time zone"):
        write_file("sku,date\n1,2020-01-01\n", time_zone="Mars/Base")


def test_a_mapping_file_is_yaml_or_json_and_knows_its_fields(tmp_path: Path) -> None:
    yaml = tmp_path / "mapping.yaml"
    yaml.write_text("sale: Bill\nstores: 3\nnot_goods: [POST]\n")
    assert load_mapping(yaml) == Mapping(sale="Bill", stores=3, not_goods=["POST"])
    json = tmp_path / "mapping.json"
    json.write_text('{"sale": 1, "header": false}')
    assert load_mapping(json) == Mapping(sale=1, header=False)
    yaml.write_text("sail: Bill\n")
    with pytest.raises(MappingError, match="sail"):
        load_mapping(yaml)
