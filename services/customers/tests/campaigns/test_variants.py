"""Variants of a campaign: who gets which, how others are told, and what each has brought."""

from collections import Counter
from datetime import UTC, datetime
from typing import Any

import pytest

from humidor_common.events.forecasting import Estimate
from humidor_customers.campaigns.consumers import SUBSCRIPTION
from humidor_customers.testing.campaigning import Office, evaluated
from humidor_customers.testing.ordering import tell

A, B = ({"name": name, "share": share, "does": f"Shelf {name}"} for name, share in (("A", 0.6), ("B", 0.4)))


async def test_stores_are_divided_among_variants_beside_the_holdout_and_others_are_told(
    office: Office,
) -> None:
    made = await office.make(variants=[A, B])
    assert made["variants"] == [A, B]
    preview = await office.read(made, "/plan")
    assert [(each["name"], each["stores"]) for each in preview["variants"]] == [("A", 5), ("B", 4)]
    assert all(each["detectable_percent"] > preview["detectable_percent"] for each in preview["variants"])
    drafted = (await office.read(made, "/stores"))["items"]
    await office.approve(made)
    await office.step(made, "schedule")
    fixed = await office.read(made, "/plan")
    assert fixed == preview | {"fixed": True}
    stores = (await office.read(made, "/stores"))["items"]
    assert stores == drafted, "what was shown is what is fixed"
    assert Counter(each["variant"] for each in stores) == {"A": 5, "B": 4, None: 3}
    assert {each["part"] for each in stores if each["variant"] is None} == {"holdout"}
    names = {each["name"]: f"figures of {each['name']}" for each in fixed["variants"]}
    figures = (await office.read(made, "/plan-figures", params={"limit": 1000}))["items"]
    assert {each["text"] for each in figures if each["name"].startswith("variants.")} >= names.keys()
    (event,) = await office.told()
    told = {each.name: each.store_ids for each in event.variants}
    of = {name: [each["store_id"] for each in stores if each["variant"] == name] for name in ("A", "B")}
    assert told == of
    assert sorted(told["A"] + told["B"]) == event.store_ids
    assert not set(event.holdout_store_ids) & set(event.store_ids)


async def test_each_variant_has_the_effect_that_was_evaluated_for_it_alone(office: Office) -> None:
    made = await office.scheduled(variants=[A, B])
    at = datetime.now(UTC)
    of_b = evaluated(made, at=at, stores=4, promotion_id=f"{made['campaign_id']}/B", trusted=False,
                     reasons=["few-controls", "no-margin"])  # fmt: skip
    await tell(office.desk, SUBSCRIPTION, of_b)
    await office.read(made, "/effect", expect=404)
    none, found = (await office.read(made, "/variant-effects"))["items"]
    assert {name for name, value in none.items() if value is not None} == {"variant"}
    assert (found["variant"], found["stores"], found["trusted"]) == ("B", 4, False)
    assert found["uplift_sticks"] == {"value": 300, "low": 100, "high": 500}
    assert found["uplift_sticks_a_store"] == {"value": 75, "low": 25, "high": 125}
    assert found["reasons"] == "few-controls, no-margin"
    whole = evaluated(made, at=at, uplift_sticks=Estimate(value=900, low=1, high=2000))
    await tell(office.desk, SUBSCRIPTION, whole)
    assert (await office.read(made, "/effect"))["uplift_sticks"]["value"] == 900
    assert (await office.read(made, "/variant-effects"))["items"] == [none, found]


@pytest.mark.parametrize(
    "variants",
    [[A], [A, A], [A, B | {"share": 0.3}], [A | {"name": "a b"}, B], [A | {"share": 1}, B | {"share": 0}]],
)
async def test_variants_that_are_none_are_refused(office: Office, variants: list[dict[str, Any]]) -> None:
    assert "variants" in str(await office.make(variants=variants, expect=422))


async def test_a_variant_without_a_store_is_refused_when_it_is_fixed(office: Office) -> None:
    made = await office.make(variants=[A, B], store_ids=["S0001"], holdout_share=0)
    await office.approve(made)
    problem = await office.step(made, "schedule", expect=422)
    assert problem["errors"][0]["field"] == "variants"
    plain = await office.scheduled()
    assert (await office.read(plain, "/variant-effects"))["items"] == []
    assert {each["variant"] for each in (await office.read(plain, "/stores"))["items"]} == {None}
