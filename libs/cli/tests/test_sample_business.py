import json
import re
import shlex
from datetime import UTC, datetime

from humidor_cli.run.curl import sale_command
from humidor_cli.sample.business import products, selling_product, stores
from humidor_cli.sample.climate import SENSORS, day_before


def _check_digit(body: str) -> int:
    return -sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(body))) % 10


def test_every_gtin_has_fourteen_digits_a_chinese_prefix_and_a_right_check_digit() -> None:
    for product in products():
        assert re.fullmatch(r"069\d{11}", product.gtin)
        assert int(product.gtin[-1]) == _check_digit(product.gtin[:-1])


def test_gtins_and_stores_are_distinct() -> None:
    assert len({product.gtin for product in products()}) == len(products()) >= 24
    assert len({store.store_id for store in stores()}) == len(stores()) >= 4


def test_licences_have_the_form_of_a_retail_licence() -> None:
    assert all(re.fullmatch(r"\d{6}[12]\d{5}", store.licence_number) for store in stores())


def test_opening_stock_lies_above_the_reorder_point_everywhere() -> None:
    for store in stores():
        for product in products():
            opening = store.scaled(product.opening_packs_older_lot) + store.scaled(
                product.opening_packs_newer_lot
            )
            assert store.scaled(product.reorder_point_packs) < opening


def test_order_up_to_lies_above_the_reorder_point() -> None:
    assert all(product.reorder_point_packs < product.order_up_to_packs for product in products())


def test_the_ready_made_curl_carries_a_payable_sale() -> None:
    words = shlex.split(sale_command("http://127.0.0.1:8080", "it's a key").replace("\\\n", ""))
    assert "Authorization: Bearer it's a key" in words
    sale = json.loads(words[words.index("-d") + 1])
    (line,) = sale["lines"]
    assert line["gtin"] == selling_product().gtin
    assert sum(payment["amount"] for payment in sale["payments"]) == line["quantity"] * line["unit_price"]


def test_the_sample_day_of_climate_lies_inside_its_limits() -> None:
    for warmer_c in SENSORS.values():
        day = day_before(datetime(2026, 11, 26, 8, tzinfo=UTC), warmer_c)
        assert len({reading["ts"] for reading in day}) == 96
        assert all(10 <= reading["temp_c"] <= 25 and 55 <= reading["rh_pct"] <= 65 for reading in day)
