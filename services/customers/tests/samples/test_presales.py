"""Consultations and sample requests lead to an order; tobacco goes to licensed trade customers alone."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from humidor_customers.samples.rules import _NEXT, FINAL, FIRST, Kind, conversion_rate, may_become
from humidor_customers.testing.desk import Desk

LINES = [{"gtin": "06901028001234", "sticks": 200}]
ORDER: Any = {"state": "converted", "order_reference": "O-1", "value_minor": 250_000, "currency": "CNY"}


async def ask_for(desk: Desk, kind: str, retailer_id: str = "C1", *, expect: int = 201, **more: Any) -> Any:
    customer = {"kind": "retailer", "id": retailer_id}
    body = {"kind": kind, "customer": customer, "subject": "new slim", "lines": LINES, "owner": "li"}
    return await desk.ask("POST", "/v1/presales", json=body | more, expect=expect)


async def step(desk: Desk, presale: Any, state: str, *, expect: int = 200, **more: Any) -> Any:
    body = {"state": state} | {name: more.pop(name) for name in list(more) if name != "headers"}
    path = f"/v1/presales/{presale['presale_id']}/steps"
    return await desk.ask("POST", path, json=body, expect=expect, **more)


async def test_a_sample_request_is_followed_from_the_asking_to_the_order(desk: Desk) -> None:
    await desk.put("C1", store_ids=["S0001"])
    sample = await ask_for(desk, "sample", lines=[{"gtin": "6901028001234", "sticks": 200}])
    assert (sample["state"], sample["licence_number"]) == ("requested", "330102100001")
    assert sample["lines"] == LINES
    for state in ("approved", "sent", "received"):
        await step(desk, sample, "converted", order_reference="O-1", expect=409)
        sample = await step(desk, sample, state, note=f"is {state}")
    await step(desk, sample, "converted", expect=422)
    await step(desk, sample, "lost", order_reference="O-1", expect=422)
    done = await step(desk, sample, headers={"If-Match": '"4"'}, **ORDER)
    await step(desk, sample, "lost", expect=409)
    assert (done["order_reference"], done["value_minor"], done["version"]) == ("O-1", 250_000, 5)
    assert [each["state"] for each in done["steps"]] == [
        *("requested", "approved", "sent", "received", "converted")
    ]
    items = (await desk.ask("GET", "/v1/retailers/C1/timeline?kind=sample"))["items"]
    assert [each["details"]["state"] for each in items][::4] == ["converted", "requested"]
    told = await desk.told("customers.presale-moved.v1")
    assert len(told) == 5
    assert b"slim" not in b"".join(payload for _, payload in told)

    talk = await ask_for(desk, "consultation", lines=[])
    await step(desk, talk, "approved", expect=409)
    await step(desk, talk, "answered")
    await step(desk, talk, "lost", note="too dear")
    await ask_for(desk, "consultation", lines=[])
    period = {"since": "2026-01-01T00:00:00Z", "until": "2199-01-01T00:00:00Z"}
    talks, samples = (await desk.ask("GET", "/v1/presales/conversions", params=period))["items"]
    assert (talks["opened"], talks["converted"], talks["conversion_rate"]) == (2, 0, 0)
    assert talks["by_state"] == {"open": 1, "lost": 1}
    assert (samples["conversion_rate"], samples["value_minor"]) == (1, {"CNY": 250_000})
    assert 0 <= samples["median_days"] < 1
    page = await desk.ask("GET", "/v1/presales?open=false&limit=1")
    assert [each["state"] for each in page["items"]] == ["lost"]
    rest = await desk.ask("GET", "/v1/presales?open=false", params={"cursor": page["next_cursor"]})
    assert [each["state"] for each in rest["items"]] == ["converted"]


async def test_samples_are_refused_to_consumers_and_to_whoever_has_no_active_licence(desk: Desk) -> None:
    consumer = {"kind": "consumer", "id": "M1"}
    for kind in ("sample", "consultation"):
        problem = await ask_for(desk, kind, customer=consumer, expect=422)
        assert (problem["code"], problem["errors"][0]["field"]) == ("not-for-consumers", "customer.kind")
        assert ("article 16.2" in problem["detail"]) == (kind == "sample")
    await desk.put("C1")
    await desk.put("C2", state="prospect", licence_number=None)
    problem = await ask_for(desk, "sample", "C2", expect=409)
    assert (problem["code"], "licence of C2 is none" in problem["detail"]) == ("licence-not-active", True)
    await ask_for(desk, "consultation", "C2")
    sample = await step(desk, await ask_for(desk, "sample"), "approved")
    check = {"status": "suspended", "source": "bureau", "reason": "sold to a minor"}
    await desk.ask("POST", "/v1/retailers/C1/licence-checks", json=check, expect=201)
    await step(desk, sample, "sent", expect=409)
    await ask_for(desk, "sample", expect=409)
    await step(desk, sample, "cancelled", note="licence")
    for wrong in ([], [{"gtin": "06901028001234"}], [{"gtin": "x", "sticks": 1}]):
        await ask_for(desk, "sample", lines=wrong, expect=422)


async def test_presales_are_seen_and_changed_by_whose_customer_it_is(desk: Desk) -> None:
    await desk.put("C1", store_ids=["S0001"])
    sample = await ask_for(desk, "sample")
    path = f"/v1/presales/{sample['presale_id']}"
    stranger, own = desk.auth("manager", stores=["S0002"]), desk.auth("manager", stores=["S0001"])
    await desk.ask("GET", path, headers=stranger, expect=404)
    await step(desk, sample, "approved", headers=stranger, expect=404)
    await step(desk, sample, "approved", headers=desk.auth("clerk"), expect=403)
    await desk.ask("GET", "/v1/presales", headers=own, expect=403)
    assert (await desk.ask("GET", "/v1/presales?retailer_id=C1", headers=own))["items"] == [sample]
    await desk.ask("GET", "/v1/presales?retailer_id=C1", headers=stranger, expect=404)
    await step(desk, sample, "approved", headers=own)
    await step(desk, sample, "sent", headers={"If-Match": '"1"'}, expect=412)


@pytest.mark.parametrize("kind", ["consultation", "sample"])
def test_every_way_ends_and_what_has_ended_stays(kind: Kind) -> None:
    reached, waiting = set(), [FIRST[kind]]
    while waiting:
        state = waiting.pop()
        reached.add(state)
        after = _NEXT[kind].get(state, frozenset())
        assert bool(after) == (state not in FINAL)
        assert not any(may_become(kind, ended, state) for ended in FINAL)
        waiting += [each for each in after if each not in reached]
    assert {"converted", "lost", "cancelled"} <= reached


@given(st.integers(0, 1000), st.integers(0, 1000))
def test_a_rate_is_a_part_of_what_was_opened(opened: int, converted: int) -> None:
    rate = conversion_rate(opened, min(opened, converted))
    assert (rate is None) == (opened == 0)
    assert rate is None or 0 <= rate <= 1
