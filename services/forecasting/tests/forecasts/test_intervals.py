"""Published intervals say whether they lie in the middle or begin with nothing."""

import numpy as np

from humidor_common.clock import utc_now
from humidor_forecasting.forecasts.queries import _figures
from humidor_forecasting.forecasts.schemas import ForecastView
from humidor_forecasting.testing.market import GTIN, Market, days_of_sales, product, store, store_day
from humidor_forecasting.testing.publishing import publish


async def test_intervals_are_central_where_much_is_sold_and_begin_with_nothing_where_little_is(
    market: Market,
) -> None:
    now = utc_now()
    today = store_day(now)
    random = np.random.default_rng(5)
    await market.know(product(), store(), store("S0002"))
    await market.sold(*days_of_sales([int(each) for each in random.poisson(30, 100)], until=today))
    seldom = [int(each) for each in random.poisson(0.4, 100)]
    await market.sold(*days_of_sales(seldom, until=today, store_id="S0002"))
    await publish(market, ["S0001", "S0002"], at=now, models=["moving_average", "seasonal_average"])
    often, slow = [
        ForecastView.model_validate(await market.ask("GET", f"/v1/forecasts/{store_id}/{GTIN}"))
        for store_id in ("S0001", "S0002")
    ]
    for day in (*often.days, *often.cumulative, *slow.days, *slow.cumulative):
        quantiles = {each.probability: each.quantity_sticks for each in day.quantiles}
        assert [each.level for each in day.intervals] == [0.8, 0.95]
        for each, (low, high) in zip(day.intervals, [(0.1, 0.9), (0.025, 0.975)], strict=True):
            assert each.low_sticks == quantiles[low]
            assert each.one_sided is (each.low_sticks == 0)
            assert each.high_sticks == quantiles[each.level if each.one_sided else high]
    assert not any(each.one_sided for day in often.days for each in day.intervals)
    assert all(each.one_sided for day in slow.days for each in day.intervals)
    assert not slow.cumulative[-1].intervals[0].one_sided


def test_an_interval_is_left_out_where_its_probabilities_were_not_asked_for() -> None:
    found = bytes(_figures("[[5, 1, 4, 6]]", [0.1, 0.8, 0.9], utc_now().date()))
    assert b'"intervals":[{"level":0.8,"low_sticks":1,"high_sticks":6,"one_sided":false}]' in found
    assert b'"intervals":[]' in bytes(_figures("[[5, 1, 6]]", [0.1, 0.9], utc_now().date()))
