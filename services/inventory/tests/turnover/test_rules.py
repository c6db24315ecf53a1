import math
from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from humidor_inventory.turnover.rules.advice import Advice, Limits, Seller, Slow, advise
from humidor_inventory.turnover.rules.classes import abc_classes, variation, xyz_class
from humidor_inventory.turnover.rules.figures import DEFINITIONS, Sums, figures
from humidor_inventory.turnover.rules.holding import Rates, holding_cost
from humidor_inventory.turnover.rules.periods import Period, Reading, Scale, Span, buckets, plan_reading

NOTHING = Sums(*[73] + [0] * (len(Sums._fields) - 1))
LIMITS = Limits(idle_days=60, cover_days=180, return_days=90, target_days=60)


def test_ratios_divide_what_their_definitions_say() -> None:
    sums = NOTHING._replace(
        sold_sticks=1_000, returned_sticks=100, received_sticks=400, transferred_in_sticks=200,
        transferred_out_sticks=50, written_off_sticks=10, revenue_minor=80_000, costed_revenue_minor=73_000,
        unpriced_sticks=90, cost_e4=60_000 * 10_000, opening_sticks=600, closing_sticks=240,
        stick_days=480 * 73, opening_value_e4=30_000 * 10_000, closing_value_e4=15_000 * 10_000,
        value_days_e4=20_000 * 10_000 * 73, out_days=3, carried_days=60,
    )  # fmt: skip
    found = {name: figure.value for name, figure in figures(sums).items()}
    assert found == {
        "turnover": 3.0,
        "turnover_annual": 15.0,
        "outbound_turnover": 2.0,
        "days_of_inventory": pytest.approx(24.333333),
        "stock_to_sales_closing": 0.25,
        "stock_to_sales_closing_quantity": pytest.approx(0.266667),
        "stock_to_sales_opening": 0.5,
        "sell_through": 0.75,
        "gmroi": 0.65,
        "out_of_stock": 0.05,
        "revenue_without_cost": 0.0875,
        "sold_without_price": 0.1,
    }
    assert found.keys() == DEFINITIONS.keys()
    assert math.isclose(found["days_of_inventory"] or 0, 365 / 15, rel_tol=1e-6)


def test_a_ratio_without_a_denominator_has_no_value() -> None:
    assert {figure.value for figure in figures(NOTHING).values()} == {None}


def test_holding_costs_add_up() -> None:
    sums = NOTHING._replace(value_days_e4=100_000 * 10_000 * 73, lost_e4=500 * 10_000)
    assert holding_cost(sums, Rates(0.06, 0.02, 0.5), 1000) == (1200, 400, 500, 500, 2600, 0.13)
    assert holding_cost(NOTHING, Rates(0.06, 0.02, 0.5), 0).rate is None


def test_products_are_classed_by_their_share_of_sales_value() -> None:
    assert abc_classes({"a": 70, "b": 20, "c": 8, "d": 2}) == {"a": "A", "b": "A", "c": "B", "d": "C"}
    assert abc_classes({"only": 5, "none": 0, "returned": -3}) == {"only": "A", "none": "C", "returned": "C"}
    assert abc_classes({"x": 0}) == {"x": "C"}


@given(st.dictionaries(st.text(max_size=3), st.integers(-5, 10**9), max_size=30))
def test_classes_follow_the_order_of_values(values: dict[str, int]) -> None:
    classes = abc_classes(values)
    ranked = [classes[name] for name in sorted(values, key=lambda name: (-values[name], name))]
    assert ranked == sorted(ranked)


@given(st.lists(st.integers(0, 1000), min_size=2, max_size=20), st.integers(0, 5))
def test_weeks_without_a_sale_count_as_zero_in_the_variation(weeks: list[int], empty: int) -> None:
    left_out = variation([each for each in weeks if each], len(weeks) + empty)
    counted = variation([*weeks, *[0] * empty], len(weeks) + empty)
    assert left_out == counted or math.isclose(left_out or 0, counted or 0, rel_tol=1e-9)


def test_variation_decides_between_x_y_and_z() -> None:
    assert variation([10, 20, 30], 3) == 0.5
    assert [xyz_class(cv) for cv in (0.5, 0.51, 1.0, 1.01, None)] == ["X", "Y", "Y", "Z", "Z"]
    assert variation([], 10) is None


@given(
    st.dates(date(2024, 1, 1), date(2028, 1, 1)),
    st.integers(0, 400),
    st.sampled_from(["day", "week", "month", "none"]),
)
def test_buckets_cover_every_day_once(since: date, days: int, period: Period) -> None:
    until = since + timedelta(days=days)
    cut = buckets(since, until, period)
    assert (cut[0].start, cut[-1].end) == (since, until)
    assert all(b.start == a.end + timedelta(days=1) for a, b in pairwise(cut))
    assert sum(bucket.days for bucket in cut) == days + 1


JANUARY, MIDDLE = date(2026, 1, 1), date(2026, 1, 5)


@pytest.mark.parametrize(
    ("by", "stores", "since", "period", "reading"),
    [
        ((), None, MIDDLE, "week", Reading("product_days")),
        (("brand",), None, MIDDLE, "day", Reading("product_days", groups=100)),
        (("brand", "product"), None, JANUARY, "none", Reading("product_days", groups=100)),
        ((), 900, MIDDLE, "none", Reading("store_days")),
        ((), 1200, MIDDLE, "day", None),
        # 178 days, and twice 200 for what is sold today: 578 rows a store, 173 stores for a page.
        (("store",), None, MIDDLE, "day", Reading("store_days", stores=100)),
        (("store", "brand"), None, JANUARY, "month", Reading("segment_flows", stores=3)),
        (("brand",), 520, JANUARY, "none", Reading("segment_flows")),
        (("brand",), 521, JANUARY, "none", None),
        (("store", "product"), None, JANUARY, "none", Reading("monthly_flows", stores=1)),
        (("product",), 900, JANUARY, "none", Reading("monthly_flows", groups=2)),
        # 178 days of 200 products are 35,600 rows a store.
        (("store", "brand"), None, MIDDLE, "none", Reading("daily_flows", stores=1)),
        # 6 * 35,800 rows are 1,074 a product, each as dear as two.
        (("product",), 6, MIDDLE, "week", Reading("daily_flows", groups=27)),
        (("brand",), 1, MIDDLE, "week", Reading("daily_flows", groups=33)),
        (("product",), 7, MIDDLE, "week", None),
        (("brand",), 7, MIDDLE, "none", None),
        (("store", "product"), 1, date(2020, 1, 5), "none", None),
    ],
)  # fmt: skip
def test_a_report_is_read_from_the_coarsest_sums_and_by_pages_of_few_rows(
    by: tuple[str, ...], stores: int | None, since: date, period: Period, reading: Reading | None
) -> None:
    span = Span(since, date(2026, 6, 30), date(2026, 7, 1), period)
    scale = Scale(products=200, segments=40)
    assert plan_reading(by, (), span, stores=stores, scale=scale, groups=100) == reading


def test_months_are_whole_where_nothing_after_them_can_be_closed() -> None:
    spans = {
        (until, today): Span(JANUARY, date(2026, 6, until), today).whole_months
        for until in (28, 29, 30)
        for today in (date(2026, 6, 30), date(2026, 7, 9))
    }
    assert [pair for pair, whole in spans.items() if whole] == [
        (29, date(2026, 6, 30)), (30, date(2026, 6, 30)), (30, date(2026, 7, 9)),
    ]  # fmt: skip


SLOW = Slow(400, 0, 0.0, 90, 40, has_supplier=True)


@pytest.mark.parametrize(
    ("slow", "sellers", "action", "sticks", "to"),
    [
        (SLOW._replace(expired_sticks=60), [Seller("S2", 9.0, 0)], "write_off", 60, None),
        (SLOW, [Seller("S2", 4.0, 0), Seller("S3", 5.0, 100)], "transfer", 240, "S2"),
        (SLOW, [Seller("S2", 9.0, 0)], "transfer", 400, "S2"),
        (SLOW, [Seller("S2", 4.0, 999)], "return_to_supplier", 400, None),
        (SLOW._replace(days_since_receipt=91), [], "promote", 400, None),
        (SLOW._replace(has_supplier=False, daily_sticks=1.0), [], "reduce", 340, None),
    ],
)
def test_advice_is_the_first_that_helps(
    slow: Slow, sellers: list[Seller], action: str, sticks: int, to: str | None
) -> None:
    advice: Advice = advise(slow, sellers, LIMITS)
    assert (advice.action, advice.sticks, advice.to_store_id) == (action, sticks, to)
    assert advice.reason
