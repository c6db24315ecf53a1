"""Models beyond the default ladder: a run that asks for them has them fitted, judged and written down."""

import random

from humidor_forecasting.testing.market import GTIN, Market, days_of_sales, product, store, store_day
from humidor_forecasting.testing.running import worker

ASKED = ["seasonal_naive", "prophet", "auto_arima", "tsb"]


async def test_slow_and_extra_models_are_judged_beside_the_baseline(market: Market) -> None:
    random_ = random.Random(7)
    amounts = [random_.choice((0, 0, 0, 2, 5)) for _ in range(80)]
    today = store_day()
    await market.know(product(), store())
    await market.sold(*days_of_sales(amounts, until=today))
    assert set(ASKED) <= {each["name"] for each in await market.ask("GET", "/v1/models")}
    run = await market.ask("POST", "/v1/runs", json={"models": ASKED, "horizon_days": 7}, expect=202)
    patient = worker(market, forecasting_seconds_per_model=60, forecasting_seconds_per_series=300)
    assert await patient.work_once()
    assert (await market.ask("GET", f"/v1/runs/{run['run_id']}"))["state"] == "done"
    view = await market.ask("GET", f"/v1/forecasts/S0001/{GTIN}")
    assert view["notes"] == []
    judged = view["scores"]["candidates"]
    assert set(judged) == {*ASKED, "combination"}
    assert all(each["pinball"] > 0 and 0 <= each["coverage_80"] <= 1 for each in judged.values())
    assert len({each["cost"] for each in judged.values()}) == len(judged)
    assert set(view["scores"]["model_versions"]) == set(ASKED)
    assert "absent" not in {view["versions"][each] for each in ("prophet", "statsforecast")}
