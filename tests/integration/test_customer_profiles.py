"""What tills sell becomes profiles, values and segments: through HTTP and Kafka, as an analyst works."""

import asyncio
import json
import random
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from aiokafka import AIOKafkaConsumer

from .conftest import System, until

GTIN, OF_CROWD = "06901028770019", "06901028770026"
TOPIC = "customers.segment.v1"
MEMBERS, CROWD = 40, 500
NOW = datetime.now(UTC)
DAYS = 360
"""Not quite a year, so that a purchase is of the last year however late in the run a profile is computed."""


class Shop:
    """A shop of this test's own with members who buy at paces of their own."""

    def __init__(self, system: System, http: httpx.Client) -> None:
        self.system = system
        self.http = http
        self.prefix = f"A{uuid4().hex[:8]}"
        self.store_id = f"{self.prefix}S"
        self.members = [f"{self.prefix}M{n:02}" for n in range(MEMBERS)]

    def ask(self, method: str, path: str, *, expect: int = 200, **more: Any) -> Any:
        headers = {"Idempotency-Key": uuid4().hex} | more.pop("headers", {})
        answer = self.http.request(method, path, headers=headers, **more)
        assert answer.status_code == expect, answer.text
        return answer.json()

    def open(self) -> None:
        for gtin, brand in ((GTIN, self.prefix), (OF_CROWD, f"{self.prefix}C")):
            product = {"name": "Lantern", "brand": brand, "price_class": "class-1"}
            self.http.put(f"/inventory/v1/products/{gtin}", json=product).raise_for_status()
        store = {"name": "Corner", "time_zone": "Asia/Shanghai"}
        self.http.put(f"/inventory/v1/stores/{self.store_id}", json=store).raise_for_status()
        body = {"store_id": self.store_id, "adult": {"outcome": "unchecked"}}

        def joined() -> bool:
            member = {**body, "member_id": self.members[0]}
            answer = self.http.post(
                "/customers/v1/consumers", json=member, headers={"Idempotency-Key": uuid4().hex}
            )
            return answer.status_code == 201

        until(joined, "the store was not told")
        for member_id in self.members[1:]:
            self.ask("POST", "/customers/v1/consumers", json={**body, "member_id": member_id}, expect=201)
        self.terminal = {"Authorization": f"Bearer {self.system.terminal(self.store_id)}"}

    def sale(self, member_id: str, at: datetime, packs: int = 2, gtin: str = GTIN) -> dict[str, Any]:
        line = {"line": 1, "gtin": gtin, "quantity": packs, "unit": "pack", "unit_price": 2500}
        return {
            "sale_id": str(uuid4()),
            "store_id": self.store_id,
            "sold_at": at.isoformat(),
            "currency": "CNY",
            "lines": [line],
            "payments": [{"method": "cash", "amount": packs * 2500}],
            "member_id": member_id,
        }

    def sell(self, sales: list[dict[str, Any]]) -> None:
        answer = self.http.post("/pos/v1/sales:batch", json={"sales": sales}, headers=self.terminal)
        assert {each["status"] for each in answer.json()["results"]} == {"accepted"}, answer.text

    def sell_all(self, sales: list[dict[str, Any]]) -> None:
        """Sell in the order of chance, in batches, and wait until everybody has heard of it."""
        random.Random(7).shuffle(sales)
        for start in range(0, len(sales), 1000):
            self.sell(sales[start : start + 1000])
        self.system.wait_drained()

    def profile(self, member_id: str) -> dict[str, Any] | None:
        answer = self.http.get(f"/customers/v1/profiles/consumer/{member_id}")
        found: dict[str, Any] | None = answer.json() if answer.status_code == 200 else None
        return found

    def fit(self, model: str) -> dict[str, Any]:
        """Fit a model by a job, which has to succeed, and give the model."""
        job = self.run(model)
        assert job["state"] == "done", job
        found: dict[str, Any] = self.ask("GET", f"/customers/v1/models/{job['result']['model_id']}")
        assert found["current"]
        assert "NaN" not in json.dumps(found)
        return found

    def run(self, model: str) -> dict[str, Any]:
        """Fit a model and give the job once it has ended."""
        body = {"model": model, "party_kind": "consumer"}
        job = self.ask("POST", "/customers/v1/models", json=body, expect=202)

        def ended() -> Any:
            found = self.ask("GET", f"/customers/v1/jobs/{job['job_id']}")
            return found if found["state"] not in ("queued", "running") else None

        found: dict[str, Any] = until(ended, "the job did not end")
        return found


@pytest.fixture(scope="module")
def shop(system: System) -> Any:
    """Members 0 to 39 buy every 5 to 44 days for almost a year; the last ten have stopped 100 days ago."""
    with system.client() as http:
        made = Shop(system, http)
        made.open()
        sales = [
            made.sale(member_id, NOW - timedelta(days=days, hours=3))
            for n, member_id in enumerate(made.members)
            for days in range(100 if n >= 30 else n % 4, DAYS, 5 + n)
        ]
        made.sell_all(sales)
        yield made


@pytest.fixture(scope="module")
def crowd(shop: Shop) -> Shop:
    """Members beside those: a fifth buys a pack a fortnight, a fifth did and stopped, the others buy much.

    Nobody stopped within the last 60 days; how much the others buy is up to chance.
    """
    chance, sales = random.Random(11), []
    for n in range(CROWD):
        quiet, stopped = n % 5 == 0, n % 5 == 1
        last = chance.uniform(60, 170) if stopped else chance.uniform(0, 12)
        gap = chance.uniform(10, 18) if quiet or stopped else chance.uniform(20, 30)
        hour = timedelta(hours=1 if quiet else 11 if stopped else 6)
        day = NOW.replace(hour=0) - timedelta(days=last + 1)
        while day > NOW - timedelta(days=220):
            packs = chance.choice((1, 1, 2)) if quiet or stopped else chance.choice((2, 4, 8, 16, 40))
            at = day.replace(hour=0) + hour
            sales.append(shop.sale(f"{shop.prefix}C{n:03}", at, packs, OF_CROWD))
            day -= timedelta(days=gap * chance.uniform(0.7, 1.3))
    shop.sell_all(sales)
    return shop


def counted(shop: Shop, member_id: str, purchases: int) -> Any:
    """Give the profile once it has so many purchases in it."""

    def look() -> Any:
        found = shop.profile(member_id)
        return found if found and found["frequency"]["value"] == purchases else None

    return until(look, f"no profile with {purchases} purchases")


def test_profiles_follow_sales_returns_and_voids_from_the_till(shop: Shop) -> None:
    member_id = shop.members[5]
    before = counted(shop, member_id, len(range(1, DAYS, 10)))
    assert before["favourite_brands"]["value"] == [shop.prefix]
    assert (before["lifecycle"]["value"], before["basket"]["value"]) == ("active", 40)
    late = shop.sale(member_id, NOW - timedelta(days=200), packs=10)
    wrong = shop.sale(member_id, NOW - timedelta(hours=1), packs=50)
    shop.sell([late, wrong])
    voided = {"void_id": str(uuid4()), "sale_id": wrong["sale_id"], "store_id": shop.store_id}
    voided |= {"voided_at": NOW.isoformat(), "reason": "mistake"}
    answer = shop.http.post("/pos/v1/voids", json=voided, headers=shop.terminal)
    assert answer.status_code == 201, answer.text
    back = {name: late[name] for name in ("sale_id", "store_id", "currency")}
    back |= {"return_id": str(uuid4()), "returned_at": NOW.isoformat(), "reason": "damaged", "restock": False}
    back |= {
        "lines": [late["lines"][0] | {"quantity": 4}],
        "payments": [{"method": "cash", "amount": 10_000}],
    }
    answer = shop.http.post("/pos/v1/returns", json=back, headers=shop.terminal)
    assert answer.status_code == 201, answer.text
    shop.system.wait_drained()
    money = before["money"]["value"] + 25_000 - 10_000

    def settled() -> bool:
        found = shop.profile(member_id)
        return bool(found and found["money"]["value"] == money and found["money"]["evidence"]["returns"] == 1)

    until(settled, "the profile did not follow")
    assert shop.profile(member_id)["frequency"]["value"] == before["frequency"]["value"] + 1  # type: ignore[index]
    refusal = {"purpose": "analysis", "channel": "app", "given": False, "source": "app", "text_version": "1"}
    path = f"/customers/v1/consumers/{member_id}/consents"
    shop.ask("POST", path, json={"consents": [refusal]}, expect=201)
    until(lambda: shop.profile(member_id) is None, "who refuses analysis still has a profile")


def test_value_is_modelled_as_a_job_and_stands_in_profiles(shop: Shop) -> None:
    counted(shop, shop.members[39], len(range(100, DAYS, 44)))
    shop.fit("rfm")
    model = shop.fit("lifetime")
    assert set(model["fit"]["log_likelihood"]) == {"bg", "mbg"}
    assert model["holdout"]["weeks"] >= 4
    frequent, gone = shop.profile(shop.members[0]), shop.profile(shop.members[30])
    assert frequent is not None
    assert gone is not None
    assert frequent["lifetime_value"]["value"] > gone["lifetime_value"]["value"] >= 0
    assert frequent["lifetime_value"]["evidence"]["alive"] > gone["lifetime_value"]["evidence"]["alive"]
    assert frequent["value_segment"]["value"] in ("champions", "loyal", "potential_loyalists")
    assert "NaN" not in json.dumps([frequent, gone])


def of_crowd(shop: Shop, model: dict[str, Any]) -> dict[str, set[str]]:
    """Give who of the crowd has which label."""
    found: dict[str, set[str]] = {}
    params: dict[str, Any] = {"limit": 1000}
    while True:
        path = f"/customers/v1/models/{model['model_id']}/scores"
        page = shop.ask("GET", path, params=params)
        for each in page["items"]:
            if each["party_id"].startswith(f"{shop.prefix}C"):
                found.setdefault(each["label"], set()).add(each["party_id"])
        if not page["next_cursor"]:
            return found
        params["cursor"] = page["next_cursor"]


def group(shop: Shop, *places: int) -> set[str]:
    return {f"{shop.prefix}C{n:03}" for n in range(CROWD) if n % 5 in places}


def test_churn_potential_and_clusters_are_fitted_judged_and_described(crowd: Shop) -> None:
    rule = {"all": [{"field": "favourite_brand", "is": f"{crowd.prefix}C"}]}
    body = {"party_kind": "consumer", "rule": rule}
    until(
        lambda: crowd.ask("POST", "/customers/v1/segments:preview", json=body)["size"] == CROWD,
        "the crowd has no profiles",
    )
    quiet, stopped, much = group(crowd, 0), group(crowd, 1), group(crowd, 2, 3, 4)

    churn = crowd.fit("churn")
    held = churn["holdout"]
    assert held["brier"] < 0.7 * held["brier_of_rate"]
    assert held["lift_by_tenth"][0] > 2
    risk = of_crowd(crowd, churn)
    assert len(stopped & (risk["high"] | risk["lost"])) > 0.8 * len(stopped)
    assert len(much & risk["low"]) > 0.8 * len(much)

    potential = crowd.fit("potential")
    held = potential["holdout"]
    assert held["brier"] < held["brier_of_rate"]
    assert held["lift_by_tenth"][4] > 1.3
    tenths = of_crowd(crowd, potential)
    best = set.union(*(tenths.get(f"tenth_{n}", set()) for n in (1, 2, 3)))
    assert len(best & much) > 0.9 * len(best)
    assert len(tenths["high_value"] & much) > 0.9 * len(tenths["high_value"])

    clusters = crowd.fit("clusters")
    assert clusters["holdout"]["silhouette"] > 0.25
    places = of_crowd(crowd, clusters)
    told = {f"cluster_{each['cluster']}": each for each in clusters["fit"]["clusters"]}
    main = [max(places, key=lambda name: len(places[name] & each)) for each in (quiet, stopped, much)]
    assert len(set(main)) == 3
    assert told[main[1]]["medians"]["silent_days"] > 60 > told[main[0]]["medians"]["silent_days"]
    assert "high silent days" in told[main[1]]["description"]
    assert "high basket sticks" in told[main[2]]["description"]


def test_who_leaves_is_ended_in_the_profile_whatever_was_bought_yesterday(shop: Shop) -> None:
    member_id = shop.members[1]
    counted(shop, member_id, len(range(1, DAYS, 6)))
    shop.ask("POST", f"/customers/v1/consumers/{member_id}:leave", json={"reason": "moved away"})

    def ended() -> bool:
        found = shop.profile(member_id)
        return bool(found and found["lifecycle"]["value"] == "ended")

    until(ended, "the profile does not say that the membership is over")


async def published(bootstrap_servers: str, segment_id: str) -> list[dict[str, Any]]:
    consumer = AIOKafkaConsumer(TOPIC, bootstrap_servers=bootstrap_servers, auto_offset_reset="earliest")
    await consumer.start()
    try:
        batches = await consumer.getmany(timeout_ms=3000)
    finally:
        await consumer.stop()
    told = [json.loads(record.value) for records in batches.values() for record in records]
    return [each for each in told if each["segment_id"] == segment_id]


def test_a_segment_is_tried_made_and_told_by_ids_through_kafka(shop: Shop) -> None:
    counted(shop, shop.members[39], len(range(100, DAYS, 44)))
    rule = {
        "all": [
            {"field": "favourite_brand", "is": shop.prefix},
            {"field": "recency_days", "at_least": 90},
            {"not": {"field": "lifecycle", "is": "new"}},
        ]
    }
    body = {"party_kind": "consumer", "rule": rule}
    tried = until(
        lambda: (
            (found := shop.ask("POST", "/customers/v1/segments:preview", json=body))["size"] == 10 and found
        ),
        "the segment has not ten members",
    )
    assert len(tried["sample"]) == 10
    new = body | {"name": "Gone quiet", "mode": "frozen"}
    made = shop.ask("POST", "/customers/v1/segments", json=new, expect=201)
    job = shop.ask("POST", f"/customers/v1/segments/{made['segment_id']}:publish", expect=202)
    until(
        lambda: shop.ask("GET", f"/customers/v1/jobs/{job['job_id']}")["state"] == "done",
        "the segment was not published",
    )
    shop.system.wait_drained()
    bootstrap = shop.system.environment_of("customers worker")["HUMIDOR_KAFKA_BOOTSTRAP_SERVERS"]
    (told,) = asyncio.run(published(bootstrap, made["segment_id"]))
    assert told["party_ids"] == shop.members[30:]
    erased = shop.members[39]
    shop.ask("POST", f"/customers/v1/consumers/{erased}:erase", json={"reason": "asked for"})
    members = shop.ask("GET", f"/customers/v1/segments/{made['segment_id']}/members")["items"]
    assert [each["party_id"] for each in members] == shop.members[30:39]
    assert shop.profile(erased) is None
