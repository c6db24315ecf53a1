"""The regular price that models are told of: what is paid outside of promotions, by day."""

from datetime import date, timedelta
from math import log

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from humidor_common.clock import utc_now
from humidor_common.db.transaction import transaction
from humidor_forecasting.runs.gathering import gather
from humidor_forecasting.runs.queries import Run
from humidor_forecasting.runs.rules import (
    PROBABILITIES,
    Promotion,
    Recorded,
    calendar_days,
    known_columns,
    seen_columns,
)
from humidor_forecasting.testing.market import (
    GTIN,
    Market,
    days_of_sales,
    identity,
    line,
    product,
    sale,
    store,
    store_day,
)

FIRST, DAYS = date(2026, 1, 5), 60


def recorded(prices: dict[int, float], days: int = DAYS) -> Recorded:
    until = FIRST + timedelta(days=days - 1)
    return Recorded("S0001", GTIN, FIRST, until, (), (), (), tuple(prices), tuple(prices.values()))


def promotion(first: int, last: int) -> Promotion:
    return Promotion(FIRST + timedelta(days=first), FIRST + timedelta(days=last))


def test_a_price_that_rises_is_followed_once_most_of_a_week_has_paid_it() -> None:
    column = seen_columns(recorded({n: 125.0 if n < 30 else 150.0 for n in range(DAYS)}), [])["price"]
    assert column[:33] == [0.0] * 33
    assert column[33:] == pytest.approx([log(1.2)] * 27)


def test_one_wrong_amount_a_discount_of_a_promotion_and_a_tenth_of_a_percent_are_no_price() -> None:
    steady = dict.fromkeys(range(DAYS), 125.0)
    assert seen_columns(recorded(steady | {40: 12.5, 50: 0.0}), []) == {}
    assert seen_columns(recorded({n: 125.0 + n % 2 / 8 for n in range(DAYS)}), []) == {}
    reduced = steady | dict.fromkeys(range(20, 40), 100.0)
    assert seen_columns(recorded(reduced), [promotion(20, 39)]) == {}
    assert min(seen_columns(recorded(reduced), [promotion(30, 39)])["price"]) == pytest.approx(log(0.8))


def test_before_the_first_sale_and_between_sales_the_price_is_that_of_a_sale() -> None:
    prices = dict.fromkeys(range(10, 18), 100.0) | dict.fromkeys(range(40, 50), 110.0)
    column = seen_columns(recorded(prices), [])["price"]
    assert column[:40] == [0.0] * 40
    assert column[-1] == pytest.approx(log(1.1))
    assert seen_columns(recorded({}), []) == {}


@example({1: 2e-313, 2: 1e12}, [])
@given(
    st.dictionaries(st.integers(0, 39), st.floats(0, 1e12), max_size=40),
    st.lists(st.tuples(st.integers(-5, 45), st.integers(-5, 45)), max_size=3),
)
def test_whatever_was_paid_the_column_is_finite_and_as_long_as_the_history(
    prices: dict[int, float], spans: list[tuple[int, int]]
) -> None:
    offers = [promotion(min(span), max(span)) for span in spans]
    for column in seen_columns(recorded(dict(sorted(prices.items())), 40), offers).values():
        assert len(column) == 40
        assert all(abs(each) < 1000 for each in column)


def test_a_promotion_before_the_first_day_or_after_the_last_one_is_none_of_the_series() -> None:
    calendar = calendar_days(FIRST, FIRST + timedelta(days=DAYS + 13), (), [date(2026, 2, 17)])
    offers = [promotion(-9, -3), promotion(DAYS + 14, DAYS + 20)]
    assert "promotion" not in known_columns(recorded({}), 14, offers, calendar)
    columns = known_columns(recorded({}), 14, [*offers, promotion(20, 29)], calendar)
    assert {len(column) for column in columns.values()} == {DAYS + 14}
    assert sum(columns["promotion"]) == 10


async def test_what_tills_were_paid_reaches_the_models(market: Market) -> None:
    today = store_day()
    await market.know(product(), store())
    sales = days_of_sales([5] * DAYS, until=today)
    dearer = [
        sale(f"dear {n}", line(5, price=3000), at=each.sold_at) for n, each in enumerate(sales) if n >= 40
    ]
    await market.sold(*sales[:40], *dearer)
    run = Run(
        run_id=identity("run"), horizon_days=14, probabilities=list(PROBABILITIES), ladder=[], versions={},
        data_until=utc_now(), series_total=1, lease=1,
    )  # fmt: skip
    async with transaction(market.runtime.pool) as conn:
        found = await gather(conn, run, [("S0001", GTIN)], seconds_per_model=1.0)
    (series, _) = found["S0001", GTIN]
    assert series.seen["price"] == pytest.approx([0.0] * 43 + [log(1.2)] * 17)
