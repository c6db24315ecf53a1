"""What a single row comes to, and the names that codes, customers and shops get."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from humidor_cli.replay.rules import (
    Movement,
    RowFacts,
    StoreRule,
    check_digit,
    classify,
    gtin_of,
    is_marked,
    member_of,
    plain_id,
)


def facts(
    quantity: str | None, price: str | None = "1", *, marked: bool = False, product: str = "p"
) -> RowFacts:
    return RowFacts(
        product, Decimal(quantity) if quantity else None, Decimal(price) if price else None, True, marked
    )


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (facts("3", "2.50"), Movement("sale", 3)),
        (facts("3", "0"), Movement("sale", 3)),
        (facts("3", None), Movement("sale", 3)),
        (facts("-3", "2.50", marked=True), Movement("return", 3)),
        (facts("-3", "2.50"), Movement("return", 3)),
        (facts("-3", "-2.50"), Movement("return", 3)),
        (facts("-3", None), Movement("return", 3)),
        (facts("-3", "0", marked=True), Movement("return", 3)),
        (facts("-3", "0"), Movement("adjustment", -3)),
        (facts("1", "-11062.06"), Movement("reported", 0, "negative_price")),
        (facts("0"), Movement("reported", 0, "zero_quantity")),
        (facts("1.25"), Movement("reported", 0, "fractional_quantity")),
        (facts("1000001"), Movement("reported", 0, "quantity_out_of_range")),
        (facts(None), Movement("reported", 0, "unreadable_quantity")),
        (facts("1", product=""), Movement("reported", 0, "no_product")),
        (facts("1", product="POST"), Movement("reported", 0, "not_goods")),
        (facts("1")._replace(has_moment=False), Movement("reported", 0, "unreadable_time")),
    ],
)
def test_a_row_comes_to(row: RowFacts, expected: Movement) -> None:
    assert classify(row, signed_returns=True, not_goods={"POST"}) == expected


def test_a_positive_row_of_a_return_comes_back_unless_returns_are_signed() -> None:
    row = facts("2", marked=True)
    assert classify(row, signed_returns=False) == Movement("return", 2)
    assert classify(row, signed_returns=True) == Movement("sale", 2)


@pytest.mark.parametrize(
    ("sale", "returned", "expected"),
    [
        ("C536379", "", True),
        ("c536379", "", True),
        ("536379", "", False),
        ("COFFEE", "", False),
        ("C", "", False),
        ("17", "Refund", True),
        ("17", "退货", True),
        ("17", "sale", False),
        ("17", "0", False),
    ],
)
def test_a_return_is_marked_by_a_word_or_by_its_number(sale: str, returned: str, expected: bool) -> None:
    assert is_marked(sale, returned, "C") is expected


def test_a_code_that_is_a_gtin_stays_itself() -> None:
    assert gtin_of("6901028001236") == "06901028001236"
    assert gtin_of("6901028001237") != "06901028001237"


@given(st.text(min_size=1, max_size=40))
def test_every_code_has_one_valid_gtin_of_fourteen_digits(code: str) -> None:
    gtin = gtin_of(code)
    assert len(gtin) == 14
    assert gtin.isdigit()
    assert check_digit(gtin[:-1]) == gtin[-1]
    assert gtin_of(code) == gtin


def test_gtins_do_not_change_between_releases() -> None:
    assert gtin_of("85123A") == "02602344615339"


@given(st.text(max_size=80))
def test_a_member_id_has_only_what_the_api_takes(customer: str) -> None:
    member = member_of(customer)
    assert (member is None) == (customer == "")
    if member is not None:
        assert 1 <= len(member) <= 64
        assert all(
            character.isascii() and (character.isalnum() or character in "._:-") for character in member
        )


@given(st.text(max_size=40), st.text(max_size=40), st.text(max_size=40), st.integers(1, 50))
def test_a_customer_is_always_sent_to_the_same_of_the_given_stores(
    country: str, customer: str, sale: str, count: int
) -> None:
    rule = StoreRule("R", count)
    store_id = rule.of("", country, customer, sale)
    assert 1 <= int(store_id.removeprefix("R")) <= count
    if customer:
        assert rule.of("", country, customer, "another sale") == store_id


def test_a_store_column_names_the_stores() -> None:
    rule = StoreRule("R", 8)
    assert rule.of("Leeds", "", "c", "s") == "R-Leeds"
    assert rule.of("南京东路", "", "c", "s").startswith("R-")
    assert rule.of("南京东路", "", "c", "s") != rule.of("人民广场", "", "c", "s")


def test_numbers_written_as_floats_are_the_same_ids() -> None:
    assert plain_id("17850.0") == "17850"
    assert plain_id("v1.0") == "v1.0"
    assert plain_id("1.5") == "1.5"
