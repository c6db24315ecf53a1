"""Closed months of stock and answers of surveys stand beside what was sold and to whom."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx

from .conftest import System, until

GTIN = "06901028075930"
# The worker closes days every ten seconds.
ROLLED_SECONDS = 60


ANSWERS, ANSWERED = "feedback.survey-answer.v1", "feedback.survey-answered.v1"


def told(name: str, member: str, *, score: int, words: int | None = None) -> dict[str, Any]:
    """Answer a survey as `feedback` tells it."""
    answers: list[dict[str, Any]] = [
        {"code": "Q01", "kind": "nps", "score": score, "lowest": 0, "highest": 10}
    ]
    answers += [{"code": "Q02", "kind": "text", "text_length": words}] if words else []
    return {
        "response_id": str(uuid4()),
        "revision": 1,
        "survey_id": f"{name}-feedback",
        "survey_version": 1,
        "member_id": member,
        "retailer_id": None,
        "channel": "wechat",
        "store_id": f"{name}S",
        "answered_at": datetime.now(UTC).isoformat(),
        "answers": answers,
    }


def ask(http: httpx.Client, method: str, path: str, *, expect: tuple[int, ...] = (200,), **more: Any) -> Any:
    headers = {"Idempotency-Key": uuid4().hex} if method == "POST" else {}
    answer = http.request(method, path, headers=headers | more.pop("headers", {}), **more)
    assert answer.status_code in expect, answer.text
    return answer.json()


def test_closed_months_and_answers_stand_beside_what_was_sold(system: System) -> None:
    name = f"Q{uuid4().hex[:7]}"
    brand, store, member = f"{name} Quince", f"{name}S", f"{name}M"
    sold_at = datetime.now(UTC).replace(day=1, hour=4) - timedelta(days=5)
    last = datetime.now(UTC).replace(day=1) - timedelta(days=1)
    month = {"since": f"{last:%Y-%m}-01", "until": f"{last:%Y-%m-%d}"}
    with system.client("admin") as http:
        product = {"name": brand, "brand": brand, "currency": "CNY", "price_class": f"{name} 1"}
        ask(http, "PUT", f"/inventory/v1/products/{GTIN}", json=product, expect=(200, 201))
        shop = {"name": "Quince", "time_zone": "Asia/Shanghai"}
        ask(http, "PUT", f"/inventory/v1/stores/{store}", json=shop, expect=(200, 201))
        body = {
            "member_id": member,
            "store_id": store,
            "adult": {"outcome": "adult", "method": "id_seen", "checked_on": "2026-01-01"},
            "consents": [
                {"purpose": "survey", "channel": "sms", "given": True, "source": "x", "text_version": "1"}
            ],
        }
        until(
            lambda: http.post("/customers/v1/consumers", json=body).status_code == 201,
            "the store was not told",
        )
        sale = {
            "sale_id": str(uuid4()),
            "store_id": store,
            "sold_at": sold_at.isoformat(timespec="seconds"),
            "currency": "CNY",
            "lines": [{"line": 1, "gtin": GTIN, "quantity": 3, "unit": "pack", "unit_price": 2000}],
            "payments": [{"method": "cash", "amount": 6000}],
            "member_id": member,
            "age_check": {"method": "id_seen", "passed": True},
        }
        key = {"Authorization": f"Bearer {system.terminal(store)}"}
        assert httpx.post(f"{system.url}/pos/v1/sales", json=sale, headers=key).status_code == 201
        file = f"id,submitdate,token,NPS,喜欢的品牌\nr1,{sold_at:%Y-%m-%d %H:%M:%S},{member},9,{brand}\n"
        ask(
            http,
            "POST",
            f"/customers/v1/survey-responses:import?survey={name}&dry_run=false",
            content=file.encode("utf-8-sig"),
            headers={"Content-Type": "text/csv"},
        )

        def said() -> bool:
            answer = http.get(f"/customers/v1/profiles/consumer/{member}")
            return answer.status_code == 200 and answer.json()["recommendation"]["value"] == 9

        until(said, "the answers are not in the profile")
        profile = ask(http, "GET", f"/customers/v1/profiles/consumer/{member}")
        assert profile["stated_brand"]["value"] == brand
        first = told(name, member, score=3, words=140)
        system.publish(ANSWERS, ANSWERED, (first["response_id"], first))
        corrected = first | {"revision": 2, "answers": told(name, member, score=4)["answers"]}
        system.publish(ANSWERS, ANSWERED, (first["response_id"], corrected), (first["response_id"], first))

        def corrected_here() -> bool:
            said = ask(http, "GET", f"/customers/v1/profiles/consumer/{member}")["recommendation"]
            return bool(said["value"] == 4 and said["evidence"]["response_id"] == first["response_id"])

        until(corrected_here, "the told answer is not in the profile")
        entries = ask(http, "GET", f"/customers/v1/consumers/{member}/timeline?kind=survey")["items"]
        assert [(each["store_id"], each["details"].get("channel")) for each in entries] == [
            (store, "wechat"),
            (None, None),
        ]
        assert entries[0]["details"]["answers"] == 1
        params = month | {"brand": brand, "by": "store"}

        def stock() -> list[dict[str, Any]]:
            rows = ask(http, "GET", "/customers/v1/market/stock-to-sales", params=params)["items"]
            return [each for each in rows if each["covered"]["value"]]

        until(stock, "the month was not closed", seconds=ROLLED_SECONDS)
        (row,) = stock()
        # Sold without stock that was booked: 60 sticks less than none.
        assert (row["key"], row["stock_to_sales"]["numerator"], row["stock_to_sales"]["value"]) == (
            store,
            -60,
            -1,
        )
        assert row["stock_to_sales"]["reason"] == "negative-stock"
