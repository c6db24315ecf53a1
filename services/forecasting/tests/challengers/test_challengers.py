"""Forecasts made elsewhere: imported with every mistake named, judged without leakage, chosen, published."""

import io
import random
from datetime import date, timedelta
from typing import Any

import pandas as pd
import pyreadstat
import pytest

from humidor_common.events.forecasting import ForecastPublished
from humidor_forecasting.testing.market import GTIN, Market, days_of_sales, product, store, store_day
from humidor_forecasting.testing.running import work_off

HEAD = "source,store_id,gtin,data_until,day,mean_sticks,q10_sticks,q90_sticks\n"
TERMS = {"models": ["seasonal_naive", "seasonal_average"], "horizon_days": 28}


def rows(cut: date, days: int, *, mean: float, source: str = "sas", store_id: str = "S0001") -> str:
    return "".join(
        f"{source},{store_id},{GTIN},{cut},{cut + timedelta(days=n)},{mean},{mean - 30},{mean + 30}\n"
        for n in range(1, days + 1)
    )


async def send(
    market: Market, content: bytes | str, *, dry_run: bool = False, expect: int = 200, **named: Any
) -> Any:
    body = content.encode() if isinstance(content, str) else content
    headers = {"Content-Type": "text/csv"} | (named.pop("headers", None) or {})
    path = f"/v1/imports?kind=forecasts&dry_run={str(dry_run).lower()}"
    return await market.ask("POST", path, content=body, headers=headers, expect=expect)


async def run(market: Market) -> Any:
    await work_off(market, TERMS)
    return await market.ask("GET", f"/v1/forecasts/S0001/{GTIN}")


async def go_back(market: Market, days: int) -> None:
    """Let all that was forecast and imported have been so much earlier."""
    for table, columns in (
        ("forecasts", ("issued_at", "data_until")), ("imported_forecasts", ("arrived_at",)),
    ):  # fmt: skip
        changes = ", ".join(f"{each} = {each} - make_interval(days => $1::int)" for each in columns)
        await market.runtime.pool.execute(f"UPDATE {table} SET {changes}", days)  # noqa: S608
    await market.runtime.pool.execute("UPDATE forecasts SET starts_on = starts_on - $1::int", days)


@pytest.fixture
async def selling(market: Market) -> Market:
    """A hundred days of about ten packs a day in one store."""
    chance = random.Random(3)
    amounts = [10 + chance.randint(-1, 1) for _ in range(100)]
    await market.know(product(), store("S0001"), store("S0002"))
    await market.sold(*days_of_sales(amounts, until=store_day(), store_id="S0001"))
    return market


async def test_a_dry_run_names_every_mistake_by_row_and_column_and_writes_nothing(selling: Market) -> None:
    cut = store_day() - timedelta(days=1)
    content = HEAD + "".join(
        f"{line}\n"
        for line in (
            f"sas,S0001,{GTIN},{cut},{cut + timedelta(days=1)},200,170,230",
            f"sas,S0001,{GTIN},{cut},{cut},200,170,230",
            f"sas,S0009,{GTIN},{cut},{cut + timedelta(days=1)},-5,,",
            f"sas,S0001,4006381333931,{cut},{cut + timedelta(days=2)},200,230,170",
            f"sas,S0001,{GTIN},{cut},soon,nan,,",
            f"sas,S0001,{GTIN},{cut + timedelta(days=9)},{cut + timedelta(days=10)},1,,",
            f"sas,S0009,4006381333931,{cut},{cut + timedelta(days=3)},1,,",
        )
    )
    report = await send(selling, content, dry_run=True)
    found = {(each["row"], each["field"], each["code"]) for each in report["errors"]}
    assert found == {
        (3, None, "value-error"),
        (4, "mean_sticks", "greater-than-equal"),
        (5, None, "value-error"),
        (6, "day", "not-a-date"),
        (6, "mean_sticks", "not-a-number"),
        (7, "data_until", "cut-in-future"),
        (8, "store_id", "unknown-store"),
        (8, "gtin", "unknown-product"),
    }
    assert all(each["message_zh"] for each in report["errors"])
    refused = await send(selling, content, expect=422)
    assert refused["code"] == "file-refused"
    assert await selling.runtime.pool.fetchval("SELECT count(*) FROM imported_forecasts") == 0
    other = selling.auth("manager", stores=["S0002"])
    report = await send(selling, HEAD + rows(cut, 1, mean=200), dry_run=True, headers=other)
    assert [each["code"] for each in report["errors"]] == ["store-forbidden"]


async def test_what_is_imported_is_judged_by_what_came_true_and_published_when_it_is_chosen(
    selling: Market,
) -> None:
    await run(selling)
    cut = store_day() - timedelta(days=1)
    report = await send(selling, HEAD + rows(cut, 28, mean=200))
    assert (report["written"], report["created"]) == (True, 28)
    assert (await send(selling, HEAD + rows(cut, 28, mean=200)))["unchanged"] == 28
    verdicts = await selling.ask("GET", "/v1/challengers/sas/verdicts")
    assert (verdicts["items"][0]["winner"], verdicts["items"][0]["days"]) == ("undecided", 0)
    await come_true(selling, 20)
    verdict = (await selling.ask("GET", "/v1/challengers/sas/verdicts"))["items"][0]
    assert (verdict["winner"], verdict["trusted"], verdict["days"]) == ("imported", True, 20)
    # The day on which it arrived had begun.
    assert (verdict["proven_days"], verdict["champion"]) == (19, False)
    assert verdict["imported"]["cost"] < verdict["ours"]["cost"]
    assert "it is better" in verdict["reasons"][0]
    await by_policy(selling)
    await by_hand(selling)


async def come_true(market: Market, days: int) -> None:
    """Of what was forecast so many days pass: 200 sticks on each, where ours had expected 400."""
    pool = market.runtime.pool
    await go_back(market, days)
    await pool.execute(
        "UPDATE forecasts SET days = (SELECT jsonb_agg((SELECT jsonb_agg(f::float8 * 2) "
        "FROM jsonb_array_elements_text(d) f)) FROM jsonb_array_elements(days) d)"
    )
    await pool.execute(
        "UPDATE imported_forecasts SET data_until = data_until - $1::int, day = day - $1::int", days
    )


async def by_policy(market: Market) -> None:
    cut = store_day() - timedelta(days=1)
    await send(market, HEAD + rows(cut, 20, mean=222))
    assert not (await run(market))["model"].startswith("imported/")
    policy = {"choose": "by_verdict", "least_days": 14, "better_by": 0.03, "reason": "a trial"}
    view = await market.ask("PUT", "/v1/challengers/sas/policy", json=policy, headers={"If-Match": '"1"'})
    assert (view["choose"], view["version"], view["series"]) == ("by_verdict", 2, 1)
    await market.ask(
        "PUT", "/v1/challengers/sas/policy", json=policy, headers={"If-Match": '"1"'}, expect=412
    )
    await market.ask("PUT", "/v1/challengers/nobody/policy", json=policy, expect=404)
    published = await run(market)
    assert (published["model"], published["days"][0]["mean_sticks"]) == ("imported/sas", 222.0)
    assert published["days"][20]["mean_sticks"] != 222.0
    assert published["reasons"][0].startswith("the forecast of sas stands in for ours: quantile loss")
    quantiles = {each["probability"]: each["quantity_sticks"] for each in published["days"][0]["quantiles"]}
    assert quantiles[0.1] == 192.0
    assert 252.0 in quantiles.values()
    told = (await market.told(ForecastPublished))[-1]
    assert (told.model, told.days[0].mean_sticks, told.cumulative[1].mean_sticks) == (
        "imported/sas", 222.0, 444.0,
    )  # fmt: skip
    # What stood in is still judged beside our own figures, not beside itself.
    await market.runtime.pool.execute("DELETE FROM forecasts WHERE model <> 'imported/sas'")
    own = await market.runtime.pool.fetchval("SELECT own_days->0->0 FROM forecasts")
    assert own != 222.0


async def by_hand(market: Market) -> None:
    path = f"/v1/champions/S0001/{GTIN}"
    chosen = {"source": "sas", "reason": "the planners know of the road works"}
    await market.ask("PUT", path, json=chosen | {"source": "nobody"}, expect=422)
    other = market.auth("manager", stores=["S0002"])
    await market.ask("PUT", path, json=chosen, headers=other, expect=403)
    await market.ask("PUT", path, json=chosen)
    assert (await market.ask("GET", "/v1/champions"))["items"][0]["reason"] == chosen["reason"]
    assert (await market.ask("GET", "/v1/champions", headers=other))["items"] == []
    assert "road works" in (await run(market))["reasons"][0]
    listed = await market.ask("GET", "/v1/challengers")
    assert (listed["items"][0]["chosen_series"], listed["items"][0]["last_day"]) == (
        1, (store_day() + timedelta(days=19)).isoformat(),
    )  # fmt: skip
    await market.ask("DELETE", path, expect=204)
    await market.ask("DELETE", path, expect=404)


async def test_days_before_the_cut_or_the_file_prove_nothing_and_past_forecasts_cannot_be_rewritten(
    selling: Market,
) -> None:
    await run(selling)
    await go_back(selling, 20)
    cut = store_day() - timedelta(days=21)
    report = await send(selling, HEAD + rows(cut, 28, mean=200))
    assert {each["code"] for each in report["warnings"]} == {"unproven"}
    verdict = (await selling.ask("GET", "/v1/challengers/sas/verdicts"))["items"][0]
    assert (verdict["proven_days"], verdict["trusted"]) == (0, False)
    assert verdict["days"] == 20
    refused = await send(selling, HEAD + rows(cut, 28, mean=210), expect=422)
    codes = {each["code"] for each in refused["report"]["errors"]}
    assert codes == {"day-has-come"}
    # Ours knew more than a file with an older cut: it is not compared with that.
    older = cut - timedelta(days=5)
    await send(selling, HEAD + rows(older, 28, mean=200, source="old"))
    verdict = (await selling.ask("GET", "/v1/challengers/old/verdicts"))["items"][0]
    assert (verdict["winner"], verdict["days"]) == ("undecided", 0)
    assert "same data cut" in verdict["reasons"][0]


async def test_a_file_of_spss_is_imported_as_well(selling: Market, tmp_path: Any) -> None:
    cut = store_day() - timedelta(days=1)
    frame = pd.read_csv(io.StringIO(HEAD + rows(cut, 7, mean=200, source="spss")), dtype={"gtin": str})
    for name in ("data_until", "day"):
        frame[name] = pd.to_datetime(frame[name]).dt.date
    pyreadstat.write_sav(frame, tmp_path / "f.sav")
    content = (tmp_path / "f.sav").read_bytes()
    report = await send(selling, content, headers={"Content-Type": "application/x-spss-sav"})
    assert (report["file"]["format"], report["created"], report["errors"]) == ("sav", 7, [])
    kept = await selling.runtime.pool.fetchrow("SELECT * FROM imported_forecasts ORDER BY day LIMIT 1")
    assert kept is not None
    assert (kept["mean_sticks"], kept["quantiles"]) == (200.0, {"0.1": 170.0, "0.9": 230.0})
    assert kept["day"] == store_day()
