"""What customers say in surveys stands in their profiles, and can be aimed at."""

from datetime import timedelta
from typing import Any

from humidor_customers.catalogue.consumers import SUBSCRIPTION as PRODUCTS
from humidor_customers.profiles.rules import promoter_group
from humidor_customers.testing.desk import Desk
from humidor_customers.testing.ordering import product, tell
from humidor_customers.testing.till import buy, join, morning, profile_all, sale

HEAD = "id,submitdate,token,NPS: would you recommend us?,How satisfied are you?,喜欢的品牌,常买价位"
CONSENT = {"purpose": "survey", "channel": "sms", "given": True, "source": "x", "text_version": "1"}


async def answers(desk: Desk, survey: str, *rows: str) -> None:
    await desk.ask(
        "POST",
        "/v1/survey-responses:import",
        params={"survey": survey, "dry_run": "false"},
        content="\n".join([HEAD, *rows]).encode("utf-8-sig"),
        headers={"Content-Type": "text/csv"},
    )


async def size(desk: Desk, **condition: Any) -> int:
    body = {"party_kind": "consumer", "rule": condition}
    found: int = (await desk.ask("POST", "/v1/segments:preview", json=body))["size"]
    return found


async def test_the_newest_answers_stand_in_profiles_with_their_survey_and_can_be_aimed_at(desk: Desk) -> None:
    await tell(desk, PRODUCTS, product(1), product(2, brand="Summit", price_class="class-1"))
    members = ("M1", "M2", "M3")
    await join(desk, *members)
    for member in members:
        await desk.ask("POST", f"/v1/consumers/{member}/consents", json={"consents": [CONSENT]}, expect=201)
    await buy(desk, *(sale(100 * n, f"M{n}", at=morning() - timedelta(days=3)) for n in range(1, 4)))
    await profile_all(desk)
    assert await size(desk, field="recommendation", known=True) == 0
    await answers(
        desk,
        "S1",
        "r1,2026-10-01 10:00:00,M1,3,2,Harbour,class-2",
        "r2,2026-10-02 10:00:00,M2,8,5,no idea,",
        "r3,2023-10-02 10:00:00,M3,10,5,Summit,class-1",
    )
    await answers(desk, "S2", "r1,2026-11-01 10:00:00,M1,9,4, summit ,often")
    await profile_all(desk)
    view = await desk.ask("GET", "/v1/profiles/consumer/M1")
    said = view["recommendation"]
    assert (said["value"], said["evidence"]["promoter_group"], said["evidence"]["survey"]) == (
        9,
        "promoter",
        "S2",
    )
    assert said["evidence"]["answered_at"].startswith("2026-11-01T02:00")
    assert view["stated_brand"]["value"] == "Summit"
    assert view["stated_brand"]["evidence"]["favourite_brand"] == "Harbour"
    assert (view["stated_price_class"]["value"], view["stated_price_class"]["evidence"]["survey"]) == (
        "class-2",
        "S1",
    )
    assert view["satisfaction"]["evidence"]["answers"] == 4
    silent = await desk.ask("GET", "/v1/profiles/consumer/M3")
    assert silent["recommendation"]["value"] is None
    assert silent["stated_brand"]["reason"] == "no answer of a survey names it"
    assert await size(desk, field="promoter_group", **{"is": "passive"}) == 1
    assert await size(desk, field="recommendation", at_least=8) == 2
    assert await size(desk, field="stated_brand", **{"in": ["Summit"]}) == 1
    assert await size(desk, **{"not": {"field": "promoter_group", "is": "promoter"}}) == 2


def test_promoters_are_counted_as_the_score_has_them() -> None:
    groups = [promoter_group(each) for each in (0, 6, 7, 8, 9, 10, None)]
    assert groups == ["detractor"] * 2 + ["passive"] * 2 + ["promoter"] * 2 + [None]
