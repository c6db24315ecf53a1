from collections.abc import Sequence
from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from humidor_pos.campaigns.rules import Campaign, Regular, best_offer, discounted, price_by, running_on

DAYS = st.dates(date(2026, 11, 25), date(2026, 12, 5))
STATES = ("scheduled", "running", "stopped", "ended", "cancelled")


@st.composite
def campaigns(draw: st.DrawFn) -> Campaign:
    first = draw(DAYS)
    return Campaign(
        campaign_id=str(draw(st.uuids())),
        state=draw(st.sampled_from(STATES)),
        kind="price",
        audience=draw(st.sampled_from(("retailers", "consumers"))),
        starts_on=first,
        ends_on=first + timedelta(days=draw(st.integers(0, 4))),
        gtins=draw(st.none() | st.lists(st.sampled_from("AB"), min_size=1, unique=True)),
        price_per_pack=draw(st.none() | st.integers(1, 9)),
        currency="CNY",
        discount_percent=draw(st.none() | st.sampled_from((0.5, 12.5, 99.9))),
    )


@settings(max_examples=40)
@given(st.lists(campaigns(), max_size=6, unique_by=lambda each: each.campaign_id), DAYS)
def test_every_campaign_of_the_day_is_shown_once_the_cheapest_first_and_its_price_is_right(
    known: Sequence[Campaign], day: date
) -> None:
    running = running_on(known, day)
    live = {
        each.campaign_id: each
        for each in known
        if each.state in {"scheduled", "running"} and each.starts_on <= day <= each.ends_on
    }
    assert {each.campaign_id for each in running.store} == {i for i, each in live.items() if not each.gtins}
    for gtin in "AB":
        shown = running.products.get(gtin, [])
        assert sorted(each.campaign_id for each in shown) == sorted(
            i for i, each in live.items() if gtin in (each.gtins or ())
        )
        prices = [each.price_per_pack for each in shown if each.price_per_pack is not None]
        assert prices == sorted(prices)
        discounts = [each.discount_percent or 0 for each in shown[len(prices) :]]
        assert discounts == sorted(discounts, reverse=True)
        assert not [each for each in shown if each.audience == "retailers" and each.currency]
        offer = best_offer(live.values(), gtin, REGULAR, UNITS)
        paid = [price_by(each, gtin, "pack", REGULAR, 1) for each in live.values()]
        assert (offer and offer.prices["pack"]) == min((each for each in paid if each), default=None)


REGULAR = Regular({"pack": 2500, "carton": 25000}, "CNY", {"pack": 2400, "carton": 24000}, "CNY")
UNITS = {"pack": 1, "carton": 10}


@pytest.mark.parametrize(
    ("amount", "percent", "least", "paid"),
    [
        (2500, 12.5, 1, 2188),  # 2187.5, up
        (2500, 12.54, 1, 2187),  # 2186.5, up
        (25000, 12.5, 1, 21875),  # and not ten times 2188
        (25, 10.0, 1, 23),  # 22.5: to even would be 22
        (3, 99.9, 1, 1),  # nobody gets it for nothing
        (2500, 10.0, 2400, 2400),  # held at the set price
        (2300, 10.0, 2400, 2300),  # and nobody pays more by a discount
    ],
)
def test_a_percentage_is_rounded_half_up_by_the_unit_that_is_sold(
    amount: int, percent: float, least: int, paid: int
) -> None:
    assert discounted(amount, percent, least) == paid


@given(st.integers(1, 10**9), st.integers(1, 9999).map(lambda n: n / 100))
def test_a_discount_is_off_by_half_a_minor_unit_at_most(amount: int, percent: float) -> None:
    exact = max(Fraction(amount) * (1 - Fraction(str(percent)) / 100), Fraction(1))
    assert 1 <= discounted(amount, percent) <= amount
    assert abs(discounted(amount, percent) - exact) <= Fraction(1, 2)


def test_a_discount_ends_at_the_set_price_where_the_law_says_so() -> None:
    day = date(2026, 12, 1)
    plain = Campaign("c", "running", "price", "consumers", day, day, None, None, "CNY", 10.0)
    kept = Campaign(
        "k", "running", "price", "consumers", day, day, None, None, "CNY", 10.0, keeps_set_price=True
    )
    assert [price_by(plain, "A", unit, REGULAR, packs) for unit, packs in UNITS.items()] == [2250, 22500]
    assert [price_by(kept, "A", unit, REGULAR, packs) for unit, packs in UNITS.items()] == [2400, 24000]
    at_set_price = Regular(REGULAR.set_prices, "CNY", REGULAR.set_prices, "CNY")
    unknown = Regular(REGULAR.prices, "CNY", {}, None)
    assert [price_by(kept, "A", "pack", each, 1) for each in (at_set_price, unknown)] == [None, None]
    cheap = Campaign(
        "p", "running", "price", "consumers", day, day, ["A"], 2000, "CNY", None, keeps_set_price=True
    )
    assert [price_by(cheap, gtin, "carton", REGULAR, 10) for gtin in "AB"] == [24000, None]
    assert price_by(plain, "A", "stick", REGULAR, 1) is None
    abroad = Regular({"pack": 2500}, "USD", {"pack": 2500}, "USD")
    assert price_by(plain, "A", "pack", abroad, 1) is None
    assert best_offer([plain, kept], "A", abroad, UNITS) is None


def test_the_last_day_of_a_stopped_campaign_counts_for_sales_and_not_for_the_list() -> None:
    day = date(2026, 12, 10)
    stopped = Campaign("c", "stopped", "price", "consumers", date(2026, 12, 1), day, ["A"], 2200, "CNY")
    assert (stopped.ran(day), stopped.runs(day)) == (True, False)
    assert not stopped.ran(day + timedelta(days=1))
