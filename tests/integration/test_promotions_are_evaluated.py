"""A campaign from the draft to its profit: drawn, told, at tills, sold by, evaluated and told again."""

import random
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import httpx
import pytest

from .conftest import System, until
from .test_campaigns import PATH, ask, sellable

GTIN, OTHER = "06901028099905", "06901028099912"
WEEK = [30, 32, 31, 33, 42, 48, 28]
BEFORE, STORES, LIFT = 35, 6, 1.6
BEHIND, AHEAD = "Etc/GMT+12", "Etc/GMT-14"
"""What is today in the one is over in the other: a campaign that begins today can be judged within a test."""


def sale(store_id: str, day: date, lift: float = 1.0) -> dict[str, Any]:
    """Make the sale of two products at noon of a day, one of them lifted."""
    chance = random.Random(f"{store_id[-1]} {day}")
    packs = round((WEEK[day.weekday()] + chance.randint(-3, 3)) * lift)
    lines = [(1, GTIN, packs, 2500), (2, OTHER, 50 + chance.randint(-4, 4), 2000)]
    return {
        "sale_id": str(uuid4()),
        "store_id": store_id,
        "sold_at": datetime.combine(day, time(12), ZoneInfo(AHEAD)).isoformat(),
        "currency": "CNY",
        "lines": [
            {"line": n, "gtin": gtin, "quantity": count, "unit": "pack", "unit_price": each}
            for n, gtin, count, each in lines
        ],
        "payments": [{"method": "cash", "amount": sum(count * each for _, _, count, each in lines)}],
        "age_check": {"method": "id_seen", "passed": True},
    }


def sell(http: httpx.Client, key: str, sales: Iterable[dict[str, Any]]) -> None:
    headers = {"Authorization": f"Bearer {key}"}
    answer = http.post("/pos/v1/sales:batch", json={"sales": list(sales)}, headers=headers)
    assert {each["status"] for each in answer.json()["results"]} == {"accepted"}, answer.text


def put_store(http: httpx.Client, store_id: str, time_zone: str) -> None:
    answer = http.put(f"/inventory/v1/stores/{store_id}", json={"name": store_id, "time_zone": time_zone})
    assert answer.status_code in (200, 201), answer.text


def open_stores(http: httpx.Client) -> tuple[dict[str, str], str]:
    """Open stores that sell two products, and one that sells nothing and has a wrong clock.

    Gives the keys of all their terminals, and the name of the last.
    """
    mark, keys = uuid4().hex[:6], {}
    assert http.put("/inventory/v1/suppliers/EVAL", json={"name": "Evaluated"}).status_code in {200, 201}
    for gtin in (GTIN, OTHER):
        product = {"name": gtin, "brand": gtin, "supplier_id": "EVAL", "lead_time_days": 2}
        assert http.put(f"/inventory/v1/products/{gtin}", json=product).status_code in {200, 201}
    newcomer = f"E{mark}N"
    for store_id in (*(f"E{mark}S{n}" for n in range(STORES)), newcomer):
        put_store(http, store_id, BEHIND if store_id == newcomer else AHEAD)
        keys[store_id] = ask(http, "POST", "/pos/v1/terminals", {"store_id": store_id}, expect=201)["key"]
    return keys, newcomer


def at_till(system: System, key: str) -> list[str]:
    """Name the campaigns that a till shows for the product."""
    items = sellable(system, key)["items"]
    return [each["campaign_id"] for item in items if item["gtin"] == GTIN for each in item["campaigns"]]


def parts_of(http: httpx.Client, path: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for each in ask(http, "GET", f"{path}/stores")["items"]:
        found.setdefault(each["part"], []).append(each["store_id"])
    return found


def drafted(http: httpx.Client, stores: list[str], newcomer: str, days: list[date]) -> str:
    """Make a campaign that the newcomer has part in, by whichever seed; gives its path."""
    body = {
        "name": "Tidy shelves",
        "goal": "More of them",
        "kind": "service",
        "audience": "retailers",
        "channel": "visit",
        "gtins": [GTIN],
        "starts_on": str(days[0]),
        "ends_on": str(days[-1]),
        "store_ids": stores,
        "budget_minor": 9000,
        "currency": "CNY",
        "holdout_share": 0.4,
        "variants": [{"name": name, "share": 0.5, "does": f"Shelf {name}"} for name in ("A", "B")],
    }
    made = until(
        lambda: (found := http.post(PATH, json=body)).status_code == 201 and found.json(),
        "stores and products were not told",
    )
    path = f"{PATH}/{made['campaign_id']}"
    seed = 1
    while newcomer not in parts_of(http, path)["treated"]:
        seed += 1
        ask(http, "PUT", path, body | {"seed": seed})
    forbidden = ask(http, "POST", PATH, body | {"audience": "consumers", "kind": "gift"}, expect=422)
    assert forbidden["code"] == "campaign-forbidden"
    return path


def schedule(system: System, http: httpx.Client, path: str) -> None:
    """Take a campaign on, with the approval of somebody else."""
    ask(http, "POST", f"{path}:submit")
    ask(http, "POST", f"{path}:approve", {}, expect=403)
    second = system.cli("token", "--role", "manager", "--subject", "second")["token"]
    with httpx.Client(
        base_url=system.url, headers={"Authorization": f"Bearer {second}"}, timeout=30
    ) as other:
        ask(other, "POST", f"{path}:approve", {})
    assert ask(http, "POST", f"{path}:schedule")["state"] == "scheduled"
    until(lambda: ask(http, "GET", path)["state"] == "running", "it has not begun")


def check_variants(system: System, campaign_id: str) -> None:
    """See in what was told last of a campaign that each of its stores is of one variant."""
    events = system.told("customers.campaign.v1")
    told = [each for each in events if each["campaign_id"] == campaign_id][-1]
    parts = [each["store_ids"] for each in told["variants"]]
    assert min(map(len, parts)) == len(told["store_ids"]) // 2
    assert sorted(parts[0] + parts[1]) == sorted(told["store_ids"])


def evaluated(http: httpx.Client, campaign_id: str, **terms: Any) -> dict[str, Any]:
    body = {"promotion_id": campaign_id, "margin_percent": 30, "after_days": 0} | terms
    asked = ask(http, "POST", "/forecasting/v1/evaluations", body, expect=202)
    path = f"/forecasting/v1/evaluations/{asked['evaluation_id']}"
    view: dict[str, Any] = until(
        lambda: (found := http.get(path).json())["state"] in {"done", "failed"} and found,
        "the evaluation does not end",
        seconds=150,
    )
    assert view["state"] == "done", view
    return view


def see_variant(http: httpx.Client, path: str) -> None:
    """Have one variant evaluated alone: it comes back beside the whole, against the same hold-outs."""
    stores = [
        each["store_id"] for each in ask(http, "GET", f"{path}/stores")["items"] if each["variant"] == "A"
    ]
    variant = {"name": "A", "store_ids": stores}
    view = evaluated(http, path.rpartition("/")[2], variant=variant, methods=["difference_in_differences"])
    effects = until(
        lambda: (found := ask(http, "GET", f"{path}/variant-effects")["items"])[0]["evaluation_id"] and found,
        "the evaluation of the variant was not taken over",
    )
    assert [each["variant"] for each in effects] == ["A", "B"]
    assert effects[0]["uplift_sticks"] == view["result"]["uplift"]["effect_sticks"]
    assert (effects[0]["control_stores"], effects[1]["evaluation_id"]) == (3, None)


def test_a_campaign_is_drawn_told_sold_by_and_evaluated_and_shows_what_it_brought(system: System) -> None:
    """It lasts as long as the days that are over ahead, and ends when the last clock has been put right."""
    today = datetime.now(ZoneInfo(BEHIND)).date()
    days = [today + timedelta(days=n) for n in range((datetime.now(ZoneInfo(AHEAD)).date() - today).days)]
    with system.client() as http:
        keys, newcomer = open_stores(http)
        for store_id in keys.keys() - {newcomer}:
            before = (sale(store_id, today - timedelta(days=n)) for n in range(1, BEFORE + 1))
            sell(http, keys[store_id], before)
        system.wait_drained()
        path = drafted(http, list(keys), newcomer, days)
        schedule(system, http, path)
        campaign_id, parts = path.rpartition("/")[2], parts_of(http, path)
        treated, held = [each for each in parts["treated"] if each != newcomer], parts["holdout"]
        assert len(treated) == len(held) == STORES // 2
        until(lambda: campaign_id in at_till(system, keys[newcomer]), "the till was not told")
        assert campaign_id not in at_till(system, keys[held[0]])
        check_variants(system, campaign_id)

        for store_id in (*treated, *held):
            lift = LIFT if store_id in treated else 1.0
            sell(http, keys[store_id], (sale(store_id, day, lift) for day in days))
        put_store(http, newcomer, AHEAD)
        system.wait_drained()
        ask(http, "POST", f"{path}/spendings", {"amount_minor": 1000, "note": "Travel"}, expect=201)
        until(lambda: ask(http, "GET", path)["state"] == "ended", "it has not ended")
        until(lambda: campaign_id not in at_till(system, keys[newcomer]), "the till shows it still")
        system.wait_drained()
        view = evaluated(http, campaign_id)
        effect = until(
            lambda: (found := http.get(f"{path}/effect")).status_code == 200 and found.json(),
            "the evaluation was not taken over",
        )
        (row,) = ask(http, "GET", f"{PATH}?store_id={treated[0]}")["items"]
        see_variant(http, path)
    uplift, found = view["result"]["uplift"], effect["uplift_sticks"]
    packs = [sale(each, day, LIFT)["lines"][0]["quantity"] for each in treated for day in days]
    assert (effect["sold_sticks"], effect["evaluation_id"]) == (20 * sum(packs), view["evaluation_id"])
    assert (effect["method"], effect["stores"], effect["control_stores"]) == (view["method"], 3, 3)
    assert found == uplift["effect_sticks"]
    assert 0 < found["low"] < effect["sold_sticks"] * (1 - 1 / LIFT) < found["high"]
    profit, spent = effect["profit_minor"], effect["spent_minor"]
    assert (spent, effect["cost_minor"], effect["currency"]) == (1000, 1000, "CNY")
    assert profit["low"] < profit["value"] < profit["high"]
    assert profit["value"] == pytest.approx(0.3 * 125 * found["value"] - spent, rel=0.1)
    assert effect["return_on_spent"]["value"] == pytest.approx(profit["value"] / spent)
    assert (row["campaign_id"], row["uplift_low_sticks"]) == (campaign_id, found["low"])
