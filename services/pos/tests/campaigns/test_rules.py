from collections.abc import Sequence
from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from humidor_pos.campaigns.rules import Campaign, prices_of, running_on

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
        assert all(each.price_per_pack is None for each in shown[len(prices) :])
        right = list(prices_of((each for each in known if each.ran(day)), gtin))
        assert {(price, "CNY") for price in prices} <= set(right)
        assert not [each for each in shown if each.audience == "retailers" and each.price_per_pack]


def test_the_last_day_of_a_stopped_campaign_counts_for_sales_and_not_for_the_list() -> None:
    day = date(2026, 12, 10)
    stopped = Campaign("c", "stopped", "price", "consumers", date(2026, 12, 1), day, ["A"], 2200, "CNY")
    assert (stopped.ran(day), stopped.runs(day)) == (True, False)
    assert not stopped.ran(day + timedelta(days=1))
