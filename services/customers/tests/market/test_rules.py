"""Figures of the market on plain values: periods, the lunar calendar, shares, growth, shifts, intervals."""

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from humidor_customers.market.rules.estimates import Moments, of_proportion, of_ratio
from humidor_customers.market.rules.festivals import lunar_base, new_year
from humidor_customers.market.rules.figures import (
    Part,
    Ratio,
    change,
    compound_growth,
    concentrate,
    decompose,
    ratio,
)
from humidor_customers.market.rules.periods import Span, base_of, cut, quarters_of, split

DAYS = st.dates(date(2023, 1, 1), date(2026, 12, 31))
PARTS = st.dictionaries(
    st.sampled_from("abcde"),
    st.tuples(st.integers(0, 50), st.integers(0, 50)).map(lambda p: Part(p[0], sum(p))),
)


@pytest.mark.parametrize(
    ("year", "day"),
    [(1990, "01-27"), (2008, "02-07"), (2020, "01-25"), (2025, "01-29"), (2026, "02-17"), (2050, "01-23")],
)
def test_the_lunar_new_year_is_where_it_is(year: int, day: str) -> None:
    assert str(new_year(year)) == f"{year}-{day}"
    assert all(date(y, 1, 20) < (new_year(y) or date.min) < date(y, 2, 22) for y in range(1990, 2051))
    gaps = {((new_year(y + 1) or date.min) - (new_year(y) or date.min)).days for y in range(1990, 2050)}
    assert gaps <= {353, 354, 355, 383, 384, 385}
    assert new_year(1989) is new_year(2051) is None


def test_days_around_the_festival_answer_to_the_same_days_around_the_one_before() -> None:
    assert lunar_base(date(2026, 2, 1), date(2026, 2, 17)) == (date(2025, 1, 13), date(2025, 1, 29), True)
    assert lunar_base(date(2026, 6, 1), date(2026, 6, 30)) == (date(2025, 6, 1), date(2025, 6, 30), False)
    assert lunar_base(date(2025, 12, 20), date(2026, 1, 10)) == (date(2024, 12, 1), date(2024, 12, 22), True)
    assert lunar_base(date(2026, 1, 1), date(2026, 3, 31)) == (date(2025, 1, 1), date(2025, 3, 31), False)
    assert lunar_base(date(2060, 2, 1), date(2060, 2, 2)) is None


def test_days_are_cut_by_the_calendar() -> None:
    whole = Span(date(2026, 1, 10), date(2026, 3, 5))
    assert [(s.start.day, s.end.day) for s in cut(whole, "month")] == [(10, 31), (1, 28), (1, 5)]
    assert cut(whole, "none") == [whole]
    assert cut(whole, "week")[:2] == [
        Span(date(2026, 1, 10), date(2026, 1, 11)),
        Span(date(2026, 1, 12), date(2026, 1, 18)),
    ]
    assert [s.end for s in cut(whole, "quarter")] == [date(2026, 3, 5)]
    assert len(cut(whole, "day")) == whole.days == 55
    assert [s.end for s in cut(Span(date(2025, 12, 31), date(2026, 1, 1)), "year")] == [
        date(2025, 12, 31),
        date(2026, 1, 1),
    ]


def test_a_stretch_is_compared_with_the_one_before_it() -> None:
    february = Span(date(2025, 2, 1), date(2025, 2, 28))
    assert base_of(february, "previous") == (Span(date(2025, 1, 1), date(2025, 1, 31)), False)
    assert base_of(february, "year") == (Span(date(2024, 2, 1), date(2024, 2, 29)), False)
    quarter = Span(date(2025, 1, 1), date(2025, 3, 31))
    assert base_of(quarter, "previous") == (Span(date(2024, 10, 1), date(2024, 12, 31)), False)
    week = Span(date(2025, 3, 3), date(2025, 3, 9))
    assert base_of(week, "previous") == (Span(date(2025, 2, 24), date(2025, 3, 2)), False)
    assert base_of(Span(date(2024, 2, 29), date(2024, 2, 29)), "year") == (
        Span(date(2023, 2, 28), date(2023, 2, 28)),
        False,
    )


def test_whole_quarters_are_taken_out_of_months() -> None:
    months = [(date(2025, 12, 1), 0), *((date(2026, n, 1), 0) for n in range(1, 5)), (date(2026, 4, 1), 1)]
    quarters, left = quarters_of(months)
    assert quarters == [(date(2026, 1, 1), 0)]
    assert left == [(date(2025, 12, 1), 0), (date(2026, 4, 1), 0), (date(2026, 4, 1), 1)]


@settings(max_examples=100, deadline=None)
@given(DAYS, st.integers(0, 800), st.sampled_from(["none", "week", "month", "quarter", "year"]))
def test_every_day_is_in_one_period_and_in_one_piece(start: date, days: int, period: str) -> None:
    whole = Span(start, start + timedelta(days=days))
    spans = cut(whole, period)  # type: ignore[arg-type]
    assert sum(span.days for span in spans) == whole.days
    pieces = split(spans)
    of_months = sum(
        cut(Span(month, month.replace(day=28)), "none")[0].days >= 28 for month, _ in pieces.months
    )
    assert of_months == len(pieces.months)
    covered = {span.start + timedelta(days=n) for span, _ in pieces.days for n in range(span.days)}
    for month, _ in pieces.months:
        (only,) = cut(Span(month, (month + timedelta(days=31)).replace(day=1) - timedelta(days=1)), "month")
        days_of = {only.start + timedelta(days=n) for n in range(only.days)}
        assert not covered & days_of
        covered |= days_of
    assert len(covered) == whole.days


def test_a_figure_without_a_base_says_why() -> None:
    assert ratio(3, 4) == Ratio(3, 4, 0.75)
    assert ratio(3, 0) == Ratio(3, 0, None, "no-sales")
    assert ratio(None, 4, "no-price") == Ratio(None, 4, None, "no-price")
    assert ratio(3, -4) == Ratio(3, -4, None, "negative-total")
    assert ratio(-1, 4) == Ratio(-1, 4, -0.25, "more-returned-than-sold")


def test_growth_and_its_contribution_are_those_of_the_example() -> None:
    found = change(100, 80, 210, 200)
    assert (found.growth, found.contribution, found.contribution_rate) == (0.25, 0.10, 2.0)
    assert change(5, 0, 5, 0)[3:] == (None, None, 1.0, "zero-base")
    assert change(5, -2, 5, -2)[3:] == (None, None, 1.0, "negative-base")
    assert change(4, 4, 9, 9).contribution_rate is None
    assert compound_growth(100, 121, 2).value == pytest.approx(0.1)
    assert compound_growth(0, 5, 2) == Ratio(5, 0, None, "zero-base")
    assert compound_growth(5, -5, 2).reason == "negative-total"


def test_concentration_is_that_of_the_example_and_of_equals() -> None:
    found = concentrate([40, 30, 20, 10])
    assert [found.cr4.value, found.hhi, found.equivalent] == [1.0, pytest.approx(0.30), pytest.approx(10 / 3)]
    equal = concentrate([7] * 8)
    assert [equal.cr4.value, equal.hhi, equal.equivalent] == [0.5, pytest.approx(1 / 8), pytest.approx(8)]
    assert concentrate([10**15]).hhi == 1.0
    returned = concentrate([5, -3, 0])
    assert (returned.groups, returned.left_out, returned.hhi) == (1, 2, 1.0)
    assert concentrate([])[-1] == concentrate([-1])[-1] == "no-sales"


def test_a_shift_is_split_into_what_made_it() -> None:
    # Town: 60 of 100 fall to 50; a new district has 40 of 50; the village, where it had 10 of 20, is gone.
    base = {"town": Part(60, 100), "village": Part(10, 20)}
    current = {"town": Part(50, 100), "district": Part(40, 50)}
    found = decompose(base, current, (120, 150))
    assert found.shift == pytest.approx(90 / 150 - 70 / 120)
    assert found.within == pytest.approx((100 / 120 + 100 / 150) / 2 * (0.5 - 0.6))
    assert found.mix == pytest.approx((0.6 + 0.5) / 2 * (100 / 150 - 100 / 120))
    assert [found.entry, found.exit] == [pytest.approx(40 / 150), pytest.approx(-10 / 120)]
    assert decompose({}, current, (0, 150)).reason == "no-sales"


@settings(max_examples=200, deadline=None)
@given(PARTS, PARTS)
def test_the_parts_of_a_shift_add_up_to_it(base: dict[str, Part], current: dict[str, Part]) -> None:
    wholes = (sum(part.all for part in base.values()), sum(part.all for part in current.values()))
    found = decompose(base, current, wholes)
    sold = {name for each in (base, current) for name, part in each.items() if part.own}
    some = [{name: part for name, part in each.items() if name in sold} for each in (base, current)]
    assert decompose(some[0], some[1], wholes) == found
    if found.shift is None:
        assert found.reason == "no-sales"
    else:
        parts = (found.within, found.mix, found.entry, found.exit)
        assert sum(each or 0.0 for each in parts) == pytest.approx(found.shift, abs=1e-9)


def test_intervals_narrow_with_the_outlets_that_are_seen() -> None:
    low, high = of_proportion(5, 10, None, 0.95) or (0.0, 0.0)
    assert (round(low, 4), round(high, 4)) == (0.2366, 0.7634)
    narrower = of_proportion(5, 10, 20, 0.95) or (0.0, 1.0)
    assert low < narrower[0] < 0.5 < narrower[1] < high
    assert of_proportion(5, 10, 10, 0.95) == (0.5, 0.5)
    assert of_proportion(0, 0, None, 0.95) is None
    assert list(of_proportion(3, 3, None, 0.95) or ()) == [pytest.approx(0.4385, abs=1e-4), 1.0]


def test_the_interval_of_a_share_is_that_of_a_ratio_over_stores() -> None:
    # y = 2, 4, 6 of x = 10, 10, 20: R = 0.3; residuals -1, 1, 0; variance 3/2 · 2 / 40².
    y, x = (2, 4, 6), (10, 10, 20)
    moments = Moments(3, sum(y), sum(x), 56, 20 + 40 + 120, 600)
    half = 1.959964 * (3 / 2 * 2) ** 0.5 / 40
    assert list(of_ratio(moments, None, 0.95) or ()) == pytest.approx([0.3 - half, 0.3 + half])
    assert of_ratio(moments._replace(stores=1), None, 0.95) is None
    assert of_ratio(moments._replace(x=0), None, 0.95) is None
    assert of_ratio(moments, 3, 0.95) == (0.3, 0.3)
