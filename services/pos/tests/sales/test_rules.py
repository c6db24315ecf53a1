from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from humidor_pos.facts.rules import CartonCode, read_lines
from humidor_pos.products.rules import Price, Product, Shelf, Store
from humidor_pos.sales.rules import carton_doubts, judge_sale, read_cartons
from humidor_pos.sales.wire import Sale

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
GTIN = "06901028001236"
PRODUCT = Product(GTIN, "name", "brand", "active", 20, 10, 50, 2500, "CNY", NOW - timedelta(days=9))
SHELF = Shelf({GTIN: PRODUCT}, {}, Store("S0001", "Asia/Shanghai", "430701204804", "open"))
MakeSale = Callable[..., dict[str, Any]]


def judged(document: dict[str, Any], shelf: Shelf = SHELF) -> list[str]:
    sale = msgspec.convert(document, Sale)
    doubts = judge_sale(sale, read_lines(sale.lines), now=NOW, shelf=shelf, late_after=timedelta(days=3))
    return [doubt.code for doubt in doubts]


@pytest.fixture
def plain(a_sale: MakeSale) -> MakeSale:
    return lambda **changes: a_sale(**({"lines": 1, "sold_at": NOW.isoformat()} | changes))


def test_an_ordinary_sale_raises_nothing(plain: MakeSale) -> None:
    assert judged(plain()) == []


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"payments": []}, "payment_mismatch"),
        ({"payments": [{"method": "cash", "amount": 5001}]}, "payment_mismatch"),
        ({"age_check": None}, "age_check_missing"),
        ({"age_check": {"method": "visual", "passed": False}}, "age_check_failed"),
        ({"sold_at": "2026-11-23T10:05:01+00:00"}, "clock_ahead"),
        ({"sold_at": "2026-11-20T09:59:59+00:00"}, "late"),
        ({"currency": "USD"}, "currency_mismatch"),
    ],
)
def test_each_oddity_has_its_code(plain: MakeSale, changes: dict[str, Any], code: str) -> None:
    assert judged(plain(**changes)) == [code]


def test_change_given_back_is_part_of_what_was_paid(plain: MakeSale) -> None:
    assert (
        judged(plain(payments=[{"method": "cash", "amount": 10000}, {"method": "cash", "amount": -5000}]))
        == []
    )


def test_an_unknown_product_is_raised_once_for_each_gtin(plain: MakeSale, a_line: MakeSale) -> None:
    strange = [a_line(n, gtin="06901028001243") for n in (1, 2)]
    sale = msgspec.convert(plain(payments=[{"method": "cash", "amount": 10000}]) | {"lines": strange}, Sale)
    doubts = judge_sale(sale, read_lines(sale.lines), now=NOW, shelf=SHELF, late_after=timedelta(days=3))
    assert [(doubt.code, doubt.lines, doubt.gtin) for doubt in doubts] == [
        ("unknown_product", (1, 2), "06901028001243")
    ]


@pytest.mark.parametrize(
    ("unit", "unit_price", "codes"),
    [
        ("pack", 2500, []),
        ("carton", 25000, []),
        ("case", 1250000, []),
        ("stick", 130, []),
        ("pack", 2400, ["price_mismatch"]),
        ("carton", 2500, ["price_mismatch"]),
    ],
)
def test_a_price_is_compared_by_its_unit(
    plain: MakeSale, a_line: MakeSale, unit: str, unit_price: int, codes: list[str]
) -> None:
    lines = [a_line(1, quantity=1, unit=unit, unit_price=unit_price)]
    assert judged(plain() | {"lines": lines, "payments": [{"method": "cash", "amount": unit_price}]}) == codes


def test_a_price_that_changed_after_the_sale_is_not_held_against_it(plain: MakeSale) -> None:
    later = msgspec.structs.replace(PRODUCT, price_per_pack=9900, changed_at=NOW + timedelta(seconds=1))
    assert judged(plain(), Shelf({GTIN: later}, {}, SHELF.store)) == []


def test_a_price_of_the_store_goes_before_the_list(plain: MakeSale) -> None:
    own = Price(2600, "CNY", NOW - timedelta(days=1))
    assert judged(plain(), Shelf(SHELF.products, {GTIN: own}, SHELF.store)) == ["price_mismatch"]


def test_a_discontinued_product_and_a_closed_store_are_raised(plain: MakeSale) -> None:
    gone = msgspec.structs.replace(PRODUCT, status="discontinued")
    closed = Store("S0001", "Asia/Shanghai", None, "closed")
    assert judged(plain(), Shelf({GTIN: gone}, {}, closed)) == ["product_discontinued", "store_closed"]


def test_a_total_beyond_the_database_is_raised_not_refused(plain: MakeSale, a_line: MakeSale) -> None:
    lines = [a_line(1, quantity=1_000_000, unit="stick", unit_price=2**63 - 1)]
    assert judged(plain() | {"lines": lines}) == ["total_overflow", "payment_mismatch"]


def test_the_date_of_a_carton_is_that_of_the_stores_clock(a_line: MakeSale) -> None:
    sale = {"lines": [a_line(1, code="61124" + "00001234507ABCD430701204804")]}
    lines = msgspec.convert(sale["lines"], Sale.__annotations__["lines"])
    evening = datetime(2026, 11, 23, 17, tzinfo=UTC)
    cartons = read_cartons(lines, evening, "Asia/Shanghai")
    assert isinstance(cartons[1], CartonCode)
    assert cartons[1].sorted_on.year == 2026
    assert list(carton_doubts(cartons, "430701204804")) == []
    assert [d.code for d in carton_doubts(cartons, "430701999999")] == ["licence_mismatch"]
    assert [d.code for d in carton_doubts({1: None}, None)] == ["code_unreadable"]
