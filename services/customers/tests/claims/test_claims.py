"""Claims about what was delivered: bounded by what came, decided once."""

from typing import Any

from humidor_customers.claims.rules import claimable
from humidor_customers.testing.desk import Desk
from humidor_customers.testing.ordering import gtin, offer, open_cycle
from humidor_customers.testing.warehouse import answer, asked, reserved


def test_what_is_missing_is_bound_by_what_was_expected_and_the_rest_by_what_came() -> None:
    assert claimable(600, 1000, 400, "damaged") == 200
    assert claimable(600, 1000, 400, "missing") == 600
    assert claimable(600, 1000, 1200, "expired") == 0


async def delivered(desk: Desk) -> str:
    """Let C1 order 5 cartons at 100.00, of which 4 come."""
    await desk.put("C1", store_ids=["S0001"])
    await offer(desk, 1, 2)
    await open_cycle(desk, ["C1"])
    body = {"retailer_id": "C1", "confirm": True, "lines": [{"gtin": gtin(1), "quantity": 5}]}
    made = await desk.ask("POST", "/v1/orders", json=body, expect=201)
    path = f"/v1/orders/{made['order_id']}"
    early: dict[str, Any] = {
        "lines": [{"gtin": gtin(1), "quantity": 1, "kind": "damaged"}],
        "evidence": "wet",
    }
    problem = await desk.ask("POST", f"{path}/claims", json=early, expect=409)
    assert problem["code"] == "not-delivered"
    await answer(desk, reserved((await asked(desk))[0]))
    await desk.ask("POST", f"{path}:dispatch")
    proof = {"proof": {"kind": "code", "reference": "1234"}, "lines": [{"gtin": gtin(1), "quantity": 4}]}
    await desk.ask("POST", f"{path}:deliver", json=proof)
    return path


async def test_no_more_is_claimed_than_came_and_a_claim_is_decided_once(desk: Desk) -> None:
    path = await delivered(desk)

    async def claim(quantity: int, kind: str, *, product: int = 1, expect: int = 201) -> Any:
        line = {"gtin": gtin(product), "quantity": quantity, "kind": kind}
        body = {"lines": [line], "evidence": "picture 4711"}
        return await desk.ask("POST", f"{path}/claims", json=body, expect=expect)

    first = await claim(3, "damaged")
    assert first["lines"] == [{"gtin": gtin(1), "kind": "damaged", "sticks": 600, "value_minor": 30_000}]
    problem = await claim(2, "damaged", expect=422)
    assert problem["errors"] == [
        {"field": "lines[0].quantity", "message": "200 sticks may be claimed, 400 are"}
    ]
    assert (await claim(1, "damaged", product=2, expect=422))["errors"][0]["field"] == "lines[0].gtin"
    await claim(2, "missing")
    decide = f"/v1/claims/{first['claim_id']}:decide"
    yes = {"accept": True, "credited_minor": 20_000, "reason": "one carton could be dried"}
    await desk.ask("POST", decide, json=yes | {"credited_minor": 30_001}, expect=422)
    await desk.ask("POST", decide, json=yes, headers={"If-Match": '"9"'}, expect=412)
    stranger = desk.auth("manager", stores=["S0002"])
    await desk.ask("POST", decide, json=yes, headers=dict(stranger), expect=403)
    done = await desk.ask("POST", decide, json=yes, headers={"If-Match": '"1"'})
    assert (done["state"], done["credited_minor"], done["version"]) == ("accepted", 20_000, 2)
    assert (await desk.ask("POST", decide, json=yes, expect=409))["code"] == "claim-decided"
    found = await desk.ask("GET", "/v1/claims", params={"retailer_id": "C1", "state": "open"})
    assert [each["lines"][0]["kind"] for each in found["items"]] == ["missing"]
    assert (await desk.ask("GET", "/v1/claims", headers=dict(stranger)))["items"] == []
    assert (
        len((await desk.ask("GET", "/v1/claims", headers=desk.auth("manager", stores=["S0001"])))["items"])
        == 2
    )
    assert await desk.trail("claim", first["claim_id"]) == [("raise", None), ("accept", yes["reason"])]
