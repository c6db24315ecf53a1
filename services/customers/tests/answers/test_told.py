"""Answers of surveys as `feedback` tells them: once, whose they are, in any order, and in profiles."""

from datetime import datetime, timedelta
from itertools import permutations
from typing import Any
from uuid import UUID

import msgspec
import pytest

from humidor_common.db.transaction import transaction
from humidor_common.events import Event
from humidor_common.events.customers import ConsumerJoined, RetailerChanged
from humidor_common.events.feedback import SurveyAnswer, SurveyAnswered
from humidor_common.messaging.subscription import Poison
from humidor_customers.answers import queries
from humidor_customers.answers.consumers import PROJECTION, SUBSCRIPTION, clear, digest
from humidor_customers.answers.rules import fault_of, questions_told, values_of
from humidor_customers.catalogue.consumers import SUBSCRIPTION as PRODUCTS
from humidor_customers.testing.desk import Desk
from humidor_customers.testing.ordering import product, tell
from humidor_customers.testing.till import buy, join, morning, profile_all, sale

HEARD = morning() - timedelta(days=1)
CONSENT = {"purpose": "survey", "channel": "sms", "given": True, "source": "x", "text_version": "1"}
NPS = SurveyAnswer(code="Q1", kind="nps", score=9, lowest=0, highest=10)
CSAT = SurveyAnswer(code="Q2", kind="csat", score=4, lowest=1, highest=7)
BRAND = SurveyAnswer(code="Q3", kind="choice", options=["Harbour"], about="brand")
WORDS = SurveyAnswer(code="Q4", kind="text", text_length=140, topics=["packaging", "price"])


def told(
    number: int, *answers: SurveyAnswer, revision: int = 1, at: datetime = HEARD, **changes: Any
) -> SurveyAnswered:
    values: dict[str, Any] = {
        "response_id": UUID(int=number),
        "revision": revision,
        "survey_id": "2026-service",
        "survey_version": 3,
        "member_id": None,
        "retailer_id": None,
        "channel": "wechat",
        "store_id": "S0001",
        "answered_at": at,
        "answers": list(answers or (NPS,)),
    }
    return SurveyAnswered(**(values | changes))


async def take(desk: Desk, *events: Event) -> None:
    await tell(desk, SUBSCRIPTION, *events)


async def found(desk: Desk, **filters: str) -> list[Any]:
    items: list[Any] = (await desk.ask("GET", "/v1/survey-responses", params=filters))["items"]
    return items


async def surveys_of(desk: Desk, path: str) -> list[Any]:
    items = (await desk.ask("GET", f"/v1/{path}/timeline", params={"kind": "survey"}))["items"]
    return [(each["happened_at"], each["store_id"], each["details"]) for each in items]


async def agree(desk: Desk, *members: str) -> None:
    await join(desk, *members)
    decided = CONSENT | {"decided_at": (HEARD - timedelta(days=30)).isoformat()}
    for each in members:
        await desk.ask("POST", f"/v1/consumers/{each}/consents", json={"consents": [decided]}, expect=201)


def joined(member_id: str) -> ConsumerJoined:
    return ConsumerJoined(member_id=member_id, store_id="S0001", adult_verified=False, joined_at=HEARD)


async def changed(desk: Desk, *retailer_ids: str) -> None:
    """Tell of trade customers what the service told of them last."""
    payloads = [payload for _, payload in await desk.told(RetailerChanged.TYPE)]
    events = [msgspec.json.decode(each, type=RetailerChanged) for each in payloads]
    await take(desk, *(each for each in events if each.retailer_id in retailer_ids))


@pytest.mark.parametrize(
    ("event", "fault"),
    [
        (told(1, NPS, CSAT, BRAND, WORDS, member_id="M1"), None),
        (told(1, SurveyAnswer(code="Q1", kind="ranking", options=["a", "b"])), None),
        (told(1, SurveyAnswer(code="Q1", kind="nps", lowest=0, highest=10)), None),
        (told(1, member_id="M1", retailer_id="C1"), "of a member and of a trade customer"),
        (told(1, revision=0), "revision 0"),
        (told(1, at=HEARD + timedelta(days=3)), "in the future"),
        (told(1, survey_id="a\x00b"), "control character"),
        (told(1, NPS, NPS), "two answers"),
        (told(1, SurveyAnswer(code="Q1", kind="csat", score=3)), "without a scale"),
        (told(1, SurveyAnswer(code="Q1", kind="nps", score=3, lowest=1, highest=5)), "from 0 to 10"),
        (told(1, SurveyAnswer(code="Q1", kind="rating", score=9, lowest=1, highest=5)), "not on the scale"),
    ],
)
def test_what_can_never_be_kept_is_said(event: SurveyAnswered, fault: str | None) -> None:
    said = fault_of(event, HEARD + timedelta(days=1))
    assert said is None if fault is None else fault in (said or "")


def test_answers_become_text_by_question_and_words_only_their_length() -> None:
    more = (
        SurveyAnswer(code="Q5", kind="yes_no", confirmed=False),
        SurveyAnswer(code="Q6", kind="number", number=2.5),
        SurveyAnswer(code="Q7", kind="text", text_length=3),
    )
    values = values_of((NPS, CSAT, BRAND, WORDS, *more))
    assert values == {
        "Q1": "9",
        "Q2": "4",
        "Q3": "Harbour",
        "Q4": "packaging; price",
        "Q5": "no",
        "Q6": "2.5",
    }
    assert questions_told((NPS, BRAND, WORDS)) == {
        "Q1": {"kind": "nps", "lowest": 0, "highest": 10},
        "Q3": {"kind": "choice", "about": "brand"},
        "Q4": {"kind": "text", "text_length": 140},
    }


async def test_answers_stand_on_timeline_and_in_profile_and_corrections_replace_them(desk: Desk) -> None:
    await tell(desk, PRODUCTS, product(1))
    await agree(desk, "M1")
    await buy(desk, sale(100, "M1", at=HEARD - timedelta(days=3)))
    first = told(1, NPS, CSAT, BRAND, WORDS, member_id="M1", at=HEARD - timedelta(hours=2))
    low = SurveyAnswer(code="Q1", kind="nps", score=6, lowest=0, highest=10)
    second = told(1, low, BRAND, revision=2, member_id="M1", at=HEARD - timedelta(hours=1))
    await take(desk, first, first)
    ((at, store_id, details),) = await surveys_of(desk, "consumers/M1")
    assert (datetime.fromisoformat(at), store_id) == (first.answered_at, "S0001")
    assert details == {
        "survey": "2026-service",
        "response_id": str(first.response_id),
        "version": 3,
        "channel": "wechat",
        "answers": 4,
    }
    await profile_all(desk)
    view = await desk.ask("GET", "/v1/profiles/consumer/M1")
    assert (view["recommendation"]["value"], view["stated_brand"]["value"]) == (9, "Harbour")
    assert view["satisfaction"]["value"] == pytest.approx((0.9 + 0.5) / 2)

    await take(desk, second)
    await take(desk, first, told(1, member_id="M1", revision=2))
    (kept,) = await found(desk, member_id="M1")
    assert (kept["answers"], kept["revision"], kept["source"]) == (
        {"Q1": "6", "Q3": "Harbour"},
        2,
        "feedback",
    )
    ((at, _, _),) = await surveys_of(desk, "consumers/M1")
    assert datetime.fromisoformat(at) == second.answered_at
    await profile_all(desk)
    view = await desk.ask("GET", "/v1/profiles/consumer/M1")
    assert (view["recommendation"]["value"], view["satisfaction"]["value"]) == (6, 0.6)
    with pytest.raises(Poison, match="one of survey 2026-service"):
        await take(desk, told(1, revision=3, survey_id="other", member_id="M1"))
    file = f"id,submitdate,Q1\n{first.response_id},2026-11-20 10:00:00,3\n"
    refused = await desk.ask(
        "POST",
        "/v1/survey-responses:import?survey=2026-service&dry_run=true",
        content=file.encode(),
        headers={"Content-Type": "text/csv"},
    )
    assert [each["code"] for each in refused["errors"]] == ["told-by-feedback"]


async def test_any_order_gives_the_same_and_is_made_anew_from_the_topic(desk: Desk) -> None:
    await agree(desk, "M1")
    await join(desk, "M2")
    facts = (
        told(1, NPS, member_id="M1"),
        told(1, CSAT, revision=2, member_id="M1"),
        told(2, member_id="NOBODY"),
        told(3, member_id="M2"),
        told(4),
        told(5, retailer_id="C1"),
    )
    digests = set()
    for order in list(permutations(facts[:3]))[::2]:
        async with transaction(desk.runtime.pool) as conn:
            await clear(conn)
        for each in order:
            await take(desk, each)
        await take(desk, *facts[3:])
        async with transaction(desk.runtime.pool) as conn:
            digests.add(str(await PROJECTION.digest(conn)))
    assert len(digests) == 1
    why = {each["response_id"][-1]: each["unmatched"] for each in await found(desk)}
    assert why == {
        "1": None,
        "2": "unknown-customer",
        "3": "no-consent",
        "4": None,
        "5": "unknown-customer",
    }
    assert [each["response_id"][-1] for each in await found(desk, unmatched="no-consent")] == ["3"]
    one = await found(desk, survey="2026-service", response_id=str(UUID(int=4)))
    assert [each["response_id"][-1] for each in one] == ["4"]
    await desk.ask("GET", "/v1/survey-responses", params={"response_id": "4"}, expect=422)
    async with desk.runtime.pool.acquire() as conn, conn.transaction():
        await conn.execute("SET LOCAL enable_seqscan = off")
        plan = await conn.fetch(f"EXPLAIN {queries.OF_CHANGED}", [["retailer", "C1"], ["consumer", "M1"]])
    assert "ix_survey_responses_told" in str(plan)
    assert await desk.runtime.pool.fetchval("SELECT count(told_id) FROM survey_responses") == 3


async def test_an_answer_waits_for_its_customer_and_follows_merges(desk: Desk) -> None:
    await take(desk, told(1, retailer_id="C1"), told(2, member_id="M1"), told(3, retailer_id="C1"))
    assert {each["unmatched"] for each in await found(desk)} == {"unknown-customer"}
    for each in ("C1", "C2", "C3"):
        await desk.put(each)
    await agree(desk, "M1")
    await changed(desk, "C1")
    await take(desk, joined("M1"))
    assert len(await found(desk, retailer_id="C1")) == 2
    assert len(await surveys_of(desk, "consumers/M1")) == 1
    merges = []
    for survivor, merged in (("C2", "C1"), ("C3", "C2")):
        body = {"survivor_id": survivor, "merged_id": merged, "reason": "one shop"}
        merges.append(await desk.ask("POST", "/v1/merges", json=body, expect=201))
    await take(desk, told(4, retailer_id="C1"))
    assert len(await found(desk, retailer_id="C3")) == 3
    assert len(await surveys_of(desk, "retailers/C3")) == 3
    async with transaction(desk.runtime.pool) as conn:
        before = await digest(conn)
    await changed(desk, "C1", "C2", "C3")
    async with transaction(desk.runtime.pool) as conn:
        assert await digest(conn) == before
    for each in reversed(merges):
        await desk.ask("POST", f"/v1/merges/{each['merge_id']}:undo", json={"reason": "two"})
    await changed(desk, "C1", "C2", "C3")
    assert len(await found(desk, retailer_id="C1")) == 3
    assert len(await surveys_of(desk, "retailers/C1")) == 3


async def test_an_erased_member_leaves_no_answer_however_late_it_comes(desk: Desk) -> None:
    await agree(desk, "M1", "M2")
    await take(desk, told(1, member_id="M1"))
    asked = {"member_id": "M1", "identity_check": "in_person", "kind": "erasure"}
    erased = await desk.ask("POST", "/v1/privacy-requests", json=asked, expect=201)
    parts = {part["holding"]: part["rows"] for part in erased["services"][0]["parts"]}
    assert parts["survey_answers"] == 1
    await take(desk, told(1, revision=2, member_id="M1"), told(2, member_id="M1"))
    assert (await found(desk), await surveys_of(desk, "consumers/M1")) == ([], [])
    await desk.ask("POST", "/v1/consumers/M2:leave", json={"reason": "moved"})
    later = HEARD + timedelta(days=1)
    assert fault_of(told(3, at=later), later) is None
    await desk.runtime.pool.execute(
        "UPDATE consumers SET ended_at = $1 WHERE member_id = 'M2'", HEARD - timedelta(hours=1)
    )
    await take(
        desk, told(3, member_id="M2", at=HEARD - timedelta(hours=2)), told(4, member_id="M2", at=HEARD)
    )
    assert [(each["member_id"], each["unmatched"]) for each in await found(desk)] == [
        ("M2", None),
        (None, "membership-ended"),
    ]
