"""Profiles of customers: what they say, that they follow events, and of whom there is none."""

import asyncio
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from humidor_common.clock import utc_now
from humidor_common.db.transaction import transaction
from humidor_common.events.customers import ConsentChanged, MergeUndone, RetailersMerged
from humidor_customers.catalogue.consumers import SUBSCRIPTION as PRODUCTS
from humidor_customers.inputs import Party
from humidor_customers.profiles import computing, writing
from humidor_customers.profiles.consumers import SUBSCRIPTION
from humidor_customers.profiles.keeping import refresh
from humidor_customers.profiles.rules import Rhythm, lifecycle_of
from humidor_customers.testing.desk import Desk
from humidor_customers.testing.ordering import product, tell
from humidor_customers.testing.till import buy, join, line, morning, profile_all, returned, sale, voided
from humidor_customers.value.queries import CUSTOMERS

PATH = "/v1/profiles/consumer/M1"


def ago(days: int, hours: int = 0) -> datetime:
    return morning() - timedelta(days=days) + timedelta(hours=hours)


async def catalogue(desk: Desk) -> None:
    dear: dict[str, Any] = {
        "brand": "Summit",
        "price_class": "class-1",
        "retail_price_per_pack": 5000,
        "currency": "CNY",
    }
    await tell(desk, PRODUCTS, product(1, retail_price_per_pack=2500, currency="CNY"), product(2, **dear))


async def get(desk: Desk, path: str = PATH, **more: Any) -> dict[str, Any]:
    found: dict[str, Any] = await desk.ask("GET", path, **more)
    return found


async def test_a_profile_says_what_when_where_and_how_a_member_buys_with_evidence(desk: Desk) -> None:
    await catalogue(desk)
    await join(desk, "M1")
    cheap = line(1, 4, price=2400)
    facts = [sale(10 * n, "M1", cheap, at=ago(10 * n)) for n in range(1, 5)]
    both = sale(500, "M1", line(1, 2), line(2, 1, price=5000, place=2), at=ago(60, 2), store_id="S0002")
    await buy(desk, *facts, both, sale(600, "M1", at=ago(1500)), sale(700, None), sale(800, "M2", line(2)))
    await profile_all(desk)
    view = await get(desk)
    values = {name: each["value"] for name, each in view.items() if isinstance(each, dict)}
    assert (values["recency"], values["frequency"], values["money"]) == (10, 5, 4 * 9600 + 10_000)
    assert values["favourite_brands"] == ["Harbour", "Summit"]
    assert view["favourite_brands"]["evidence"]["shares"] == {"Harbour": 0.9474, "Summit": 0.0526}
    assert values["price_classes"] == ["class-2", "class-1"]
    assert (values["usual_hour"], values["channel"]) == (8, "till")
    traits = (await get(desk, f"{PATH}/traits", params={"limit": 1000}))["items"]
    table = {(row["trait"], row["name"]): row for row in traits}
    assert table["favourite_brands", "evidence.shares.Summit"]["number"] == 0.0526
    assert table["favourite_brands", "value.2"]["text"] == "Summit"
    assert table["churn_risk", "value"]["reason"] == view["churn_risk"]["reason"]
    assert {trait for trait, _ in table} == values.keys()
    assert view["usual_hour"]["evidence"]["counts"][10] == 1
    assert sum(view["usual_weekday"]["evidence"]["counts"]) == 5
    assert (values["basket"], view["basket"]["evidence"]["mean_lines"]) == (76, 1.2)
    assert round(values["price_sensitivity"], 3) == round(320 / 380, 3)
    assert (values["lifecycle"], view["lifecycle"]["evidence"]["mean_gap_days"]) == ("active", 12.5)
    assert (values["churn_risk"], values["satisfaction"]) == (None, None)
    assert view["satisfaction"]["reason"] == "no answer of a survey speaks of it"
    assert all(each["computed_at"] for each in view.values() if isinstance(each, dict))
    filters = {"favourite_brand": "Harbour", "kind": "consumer", "lifecycle": "active"}
    rows = (await desk.ask("GET", "/v1/profiles", params=filters))["items"]
    assert [(each["party_id"], each["store_id"]) for each in rows] == [("M1", "S0001")]


async def test_what_a_store_sells_on_its_tomorrow_was_bought_today(desk: Desk) -> None:
    """In Shanghai the next day begins at 16:00 UTC."""
    await join(desk, "M1")
    await buy(desk, sale(100, at=morning() + timedelta(hours=20)))
    await profile_all(desk)
    assert (await get(desk))["recency"]["value"] == 0
    assert (await get(desk))["lifecycle"]["evidence"]["silent_days"] == 0
    days = [{"field": field, "is": 0} for field in ("recency_days", "days_since_first")]
    body = {"party_kind": "consumer", "rule": {"all": days}}
    found = await desk.ask("POST", "/v1/segments:preview", json=body)
    assert (found["size"], found["sample"][0]["recency_days"]) == (1, 0)
    (figures,) = await desk.runtime.pool.fetch(CUSTOMERS, "consumer", "", 9)
    assert figures["first_day"] == figures["last_day"] == figures["today"]


async def test_a_profile_follows_what_comes_late_and_goes_with_the_last_purchase(desk: Desk) -> None:
    await join(desk, "M1")
    await buy(desk, sale(100), sale(200, at=ago(3)))
    await profile_all(desk)
    assert (await get(desk))["frequency"]["evidence"]["all"] == 2
    await buy(desk, returned(100), voided(200), sale(300, at=ago(200)))
    await profile_all(desk)
    view = await get(desk)
    assert (view["frequency"]["evidence"]["all"], view["money"]["evidence"]["returns"]) == (2, 1)
    assert view["money"]["value"] == 7500
    await buy(desk, voided(100), voided(300))
    await profile_all(desk)
    await get(desk, expect=404)
    aged = "UPDATE profiles SET computed_at = now() - interval '25 hours' WHERE party_id = 'M2'"
    await buy(desk, sale(400, "M2"))
    await profile_all(desk)
    await desk.runtime.pool.execute(aged)
    await profile_all(desk)
    assert (
        await desk.runtime.pool.fetchval(
            "SELECT count(*) FROM profiles WHERE computed_at < now() - interval '1h'"
        )
        == 0
    )


async def test_absurd_and_odd_customers_have_a_profile_of_finite_figures(desk: Desk) -> None:
    huge = line(1, 1_000_000, price=2**62)
    many = [sale(n, "M1", huge, at=ago(n % 300)) for n in range(100, 110)]
    only_returns = returned(900, "M3")
    foreign = [sale(n, "M4", at=ago(n), currency="USD") for n in (1, 2)]
    await buy(desk, *many, only_returns, *foreign, sale(3, "M4", at=ago(0), currency="CNY"))
    await buy(desk, *(returned(n * 10, "M5") for n in range(500, 503)), sale(700, "M5", line(1, 1)))
    await profile_all(desk)
    rows = {each["party_id"]: each for each in (await desk.ask("GET", "/v1/profiles"))["items"]}
    assert set(rows) == {"M1", "M4", "M5"}
    assert rows["M1"]["spend_minor"] == 10 * 10**15
    assert (rows["M4"]["currency"], rows["M4"]["spend_minor"], rows["M4"]["purchases"]) == ("CNY", 5000, 3)
    assert rows["M5"]["spend_minor"] == 2500 - 7500
    assert rows["M5"]["favourite_brand"] is None


async def test_customers_are_computed_a_few_at_a_time_if_their_lines_are_many(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    many = [line(n, 1, place=n) for n in range(1, 6)]
    await buy(desk, *(sale(10 * n, f"M{n}", *many[: n % 5 + 1]) for n in range(1, 30)))
    monkeypatch.setattr(computing, "AT_FIRST", 2)
    monkeypatch.setattr(computing, "LINES_AT_ONCE", 12)
    await profile_all(desk)
    found = await desk.runtime.pool.fetch("SELECT party_id, basket_lines FROM profiles")
    assert {each[0]: each[1] for each in found} == {f"M{n}": n % 5 + 1 for n in range(1, 30)}


async def test_rows_that_are_written_have_the_columns_of_the_table_and_their_widths(desk: Desk) -> None:
    rows = await desk.runtime.pool.fetch(
        """SELECT attname, attlen FROM pg_attribute
           WHERE attrelid = 'profiles'::regclass AND attnum > 0 AND NOT attisdropped"""
    )
    assert {each[0]: each[1] for each in rows} == writing.WIDTHS


async def test_two_workers_who_compute_a_profile_at_once_leave_the_later_one(desk: Desk) -> None:
    await buy(desk, sale(1, "M1"))
    pool, party, moment = desk.runtime.pool, Party("consumer", "M1"), utc_now()
    async with transaction(pool) as conn:
        await computing.compute(conn, [party], now=moment, consent_needed=False)
        other = asyncio.create_task(refresh(pool, consent_needed=False))
        await desk.until_blocked()
    assert await other == 1
    (row,) = await pool.fetch("SELECT computed_at, (SELECT count(*) FROM profile_details) FROM profiles")
    assert row[0] > moment
    assert row[1] == 1


async def test_a_profile_of_a_later_moment_keeps_its_figures_and_what_they_rest_on(desk: Desk) -> None:
    await buy(desk, sale(1, "M1", line(1, 1)), sale(2, "M2", line(1, 1)))
    await profile_all(desk)
    pool = desk.runtime.pool
    await pool.execute("UPDATE profiles SET computed_at = 'infinity' WHERE party_id = 'M1'")
    await buy(desk, sale(3, "M1", line(1, 1)), sale(4, "M2", line(1, 1)))
    await profile_all(desk)
    rows = await pool.fetch(
        """SELECT party_id, purchases, (SELECT sum(n::int) FROM json_array_elements_text(details->'hours') n)
           FROM profiles JOIN profile_details USING (party_kind, party_id) ORDER BY 1"""
    )
    assert [tuple(each) for each in rows] == [("M1", 1, 1), ("M2", 2, 2)]


async def test_lifecycles_of_profiles_are_those_of_the_rule(desk: Desk) -> None:
    shapes = [
        (days, gap, times) for days in (0, 10, 25, 60, 150, 400) for gap in (1, 9, 40) for times in (1, 2, 5)
    ]
    events = [
        sale(1000 * n + time, f"M{n}", at=ago(days + gap * time))
        for n, (days, gap, times) in enumerate(shapes)
        for time in range(times)
    ]
    await buy(desk, *events)
    await profile_all(desk)
    found = {each["party_id"]: each["lifecycle"] for each in (await desk.ask("GET", "/v1/profiles"))["items"]}
    for n, (days, gap, times) in enumerate(shapes):
        last = ago(days).date()
        rhythm = Rhythm("consumer", times, last - timedelta(days=gap * (times - 1)), last)
        assert found[f"M{n}"] == lifecycle_of(rhythm, morning().date(), ended=False), shapes[n]
    assert len(set(found.values())) == 5


async def test_whose_membership_or_licence_is_over_has_ended_however_lately_it_bought(desk: Desk) -> None:
    await join(desk, "M1", "M2")
    await buy(desk, sale(10, "M1"), sale(20, "M2"))
    await desk.ask("POST", "/v1/consumers/M1:leave", json={"reason": "moved away"})
    for n in range(1, 6):
        await desk.put(f"C{n}")
    await desk.runtime.pool.execute("""
        UPDATE retailers SET state = 'closed' WHERE retailer_id = 'C1';
        UPDATE retailers SET licence_status = 'revoked' WHERE retailer_id = 'C2';
        UPDATE retailers SET licence_valid_until = current_date - 2 WHERE retailer_id = 'C3';
        UPDATE retailers SET licence_valid_until = current_date + 2 WHERE retailer_id = 'C4';
        INSERT INTO purchase_documents
        SELECT gen_random_uuid(), NULL, now(), current_date, 9, false, 'order', 'retailer', 'C' || n, 'S0004',
               'CNY', purchase_line(1, 200, 200, 9, 'stick', false), '06900000000001'
        FROM generate_series(1, 5) n;
        INSERT INTO purchase_parties_changed SELECT 'retailer', 'C' || n FROM generate_series(1, 5) n
    """)
    await profile_all(desk)
    ended = await desk.ask("GET", "/v1/profiles?lifecycle=ended")
    assert [each["party_id"] for each in ended["items"]] == ["M1", "C1", "C2", "C3"]
    assert len((await desk.ask("GET", "/v1/profiles?lifecycle=new"))["items"]) == 3


async def test_of_whom_there_is_no_profile_and_who_sees_which(desk: Desk) -> None:
    await join(desk, "M1", "M2")
    await join(desk, "M3", store_id="S0003")
    await buy(desk, *(sale(n * 10, f"M{n}", at=ago(n)) for n in range(1, 5)))
    refusal = {"purpose": "analysis", "channel": "app", "given": False, "source": "app", "text_version": "1"}
    body = {"consents": [refusal]}
    await desk.ask("POST", "/v1/consumers/M2/consents", json=body, expect=201)
    await profile_all(desk)
    assert [each["party_id"] for each in (await desk.ask("GET", "/v1/profiles"))["items"]] == [
        "M1",
        "M3",
        "M4",
    ]
    clerk = desk.auth("manager", stores=["S0001"])
    seen = (await desk.ask("GET", "/v1/profiles", headers=clerk))["items"]
    assert [each["party_id"] for each in seen] == ["M1"]
    await get(desk, "/v1/profiles/consumer/M3", headers=clerk, expect=404)
    await get(desk, "/v1/profiles/consumer/M3", headers=desk.auth("manager", stores=["S0003"]))
    told = ConsentChanged(
        member_id="M1", purpose="analysis", channel="app", given=True, text_version="1", decided_at=morning()
    )
    await tell(desk, SUBSCRIPTION, told)
    await profile_all(desk, consent_needed=True)
    await get(desk, expect=404)
    assert await desk.runtime.pool.fetchval("SELECT count(*) FROM profile_details") == 2


async def test_erasing_a_member_takes_the_profile_and_an_export_shows_it_first(desk: Desk) -> None:
    await join(desk, "M1")
    await buy(desk, sale(100))
    await profile_all(desk)
    await get(desk)
    request = {"kind": "export", "member_id": "M1", "identity_check": "in_person"}
    made = await desk.ask("POST", "/v1/privacy-requests", json=request, expect=201)
    document = await desk.runtime.pool.fetchval(
        "SELECT document FROM privacy_answers WHERE request_id = $1 AND service = 'customers'",
        UUID(made["request_id"]),
    )
    assert b'"lifecycle"' in document
    assert b'"net_minor":5000' in document
    await desk.ask("POST", "/v1/consumers/M1:erase", json={"reason": "asked for"}, expect=409)
    await desk.runtime.pool.execute("UPDATE privacy_requests SET state = 'completed'")
    await desk.ask("POST", "/v1/consumers/M1:erase", json={"reason": "asked for"})
    await buy(desk, sale(200))
    await profile_all(desk)
    await get(desk, expect=404)
    for table in ("profiles", "profile_details", "purchase_parties_changed"):
        assert await desk.runtime.pool.fetchval(f"SELECT count(*) FROM {table}") == 0  # noqa: S608


async def test_a_merged_customers_purchases_count_for_the_survivor_until_the_merge_is_undone(
    desk: Desk,
) -> None:
    for each in ("C1", "C2"):
        await desk.put(each)
    await desk.runtime.pool.execute("""
        INSERT INTO purchase_documents
        SELECT gen_random_uuid(), NULL, now() - make_interval(days => n), current_date - n, 9, false, 'order',
               'retailer', 'C' || (1 + n % 2), 'S0004', 'CNY',
               purchase_line(1, 200, 200, 10000, 'stick', false), '06900000000001'
        FROM generate_series(1, 6) n
    """)
    await desk.runtime.pool.execute(
        "INSERT INTO purchase_parties_changed VALUES ('retailer', 'C1'), ('retailer', 'C2')"
    )
    await profile_all(desk)
    assert (await get(desk, "/v1/profiles/retailer/C1"))["frequency"]["value"] == 3
    body = {"survivor_id": "C1", "merged_id": "C2", "take": [], "reason": "same"}
    made = await desk.ask("POST", "/v1/merges", json=body, expect=201)
    merged = RetailersMerged(
        merge_id=UUID(made["merge_id"]), survivor_id="C1", merged_id="C2", merged_at=morning()
    )
    await tell(desk, SUBSCRIPTION, merged)
    await profile_all(desk)
    view = await get(desk, "/v1/profiles/retailer/C1")
    assert (view["frequency"]["value"], view["channel"]["value"]) == (6, "order")
    rows = (await desk.ask("GET", "/v1/profiles?kind=retailer"))["items"]
    assert [each["party_id"] for each in rows] == ["C1"]
    await desk.ask("POST", f"/v1/merges/{made['merge_id']}:undo", json={"reason": "two"})
    undone = MergeUndone(merge_id=merged.merge_id, survivor_id="C1", merged_id="C2", undone_at=morning())
    await tell(desk, SUBSCRIPTION, undone)
    await profile_all(desk)
    rows = await desk.ask("GET", "/v1/profiles?kind=retailer&limit=1")
    rest = await desk.ask("GET", "/v1/profiles", params={"cursor": rows["next_cursor"]})
    assert [each["purchases"] for each in rows["items"] + rest["items"]] == [3, 3]
