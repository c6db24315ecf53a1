"""Who is right where both sides changed a customer, and what a person decides."""

from typing import Any

from humidor_customers.testing.desk import licence
from humidor_customers.testing.exchange_desk import ZOHO_FIELDS, ExchangeDesk
from humidor_customers.testing.zoho import ZohoServer


async def linked(zoho: ExchangeDesk, **mapping: Any) -> tuple[ZohoServer, str, str]:
    """Link customer C1 and its record: name old, phone 1111111, no tags."""
    assert isinstance(zoho.crm, ZohoServer)
    await zoho.connect_zoho(mapping=mapping)
    contacts = [{"name": "王芳", "phone": "1111111"}]
    await zoho.desk.put("C1", name="old", contacts=contacts)
    assert (await zoho.run())["counts"] == {"sent": 1}
    (record_id,) = zoho.crm.records
    zoho.clock.pass_time(minutes=10)
    return zoho.crm, record_id, "C1"


async def test_changes_of_different_fields_meet_in_one_record(zoho: ExchangeDesk) -> None:
    crm, record_id, customer = await linked(zoho)
    crm.put(record_id, Phone="2222222", Line="L9")
    await zoho.change(customer, name="new", tags=["x"])
    run = await zoho.run()
    assert (run["counts"].get("conflicts", 0), run["counts"]["changed"], run["counts"]["sent"]) == (0, 1, 1)
    here, there = await zoho.desk.get(customer), crm.records[record_id]
    assert (here["name"], here["contacts"][0]["phone"], here["sales_line"]) == ("new", "2222222", "L9")
    assert (there["Account_Name"], there["Phone"], there["Labels"]) == ("new", "2222222", ["x"])
    assert set(crm.called("/Accounts")[-1]["data"][0]) == {"id", "Account_Name", "Labels"}


async def test_the_side_that_changed_later_wins_and_so_does_a_side_by_rule(zoho: ExchangeDesk) -> None:
    for rule, later, expected in (
        ("newest", "there", "there"),
        ("newest", "here", "here"),
        ("ours", "there", "here"),
        ("theirs", "here", "there"),
    ):
        crm, record_id, customer = (
            await linked(zoho, conflicts=rule) if not zoho.crm.calls else await again(zoho, rule)
        )
        name = {side: f"{side} {rule} {later}" for side in ("here", "there")}
        if later == "there":
            await zoho.change(customer, name=name["here"])
            crm.put(record_id, Account_Name=name["there"])
        else:
            zoho.clock.pass_time(days=-1)
            crm.put(record_id, Account_Name=name["there"])
            zoho.clock.pass_time(days=1)
            await zoho.change(customer, name=name["here"])
        run = await zoho.run(complete=True)
        assert run["counts"]["conflicts"] == 1, (rule, later, run)
        item = (await zoho.items(run))[0]
        won = "theirs" if expected == "there" else "ours"
        assert (item["outcome"], item["fields"]["name"]["won"]) == ("conflict", won)
        assert (await zoho.desk.get(customer))["name"] == name[expected]
        assert crm.records[record_id]["Account_Name"] == name[expected]


async def again(zoho: ExchangeDesk, rule: str) -> tuple[ZohoServer, str, str]:
    assert isinstance(zoho.crm, ZohoServer)
    await zoho.connect_zoho(mapping={"conflicts": rule})
    await zoho.run(complete=True)
    return zoho.crm, next(iter(zoho.crm.records)), "C1"


async def test_a_person_decides_where_the_mapping_says_so(zoho: ExchangeDesk) -> None:
    fields = [each | ({"wins": "review"} if each["ours"] == "contact.phone" else {}) for each in ZOHO_FIELDS]
    crm, record_id, customer = await linked(zoho, fields=fields)
    contact = {"name": "王芳", "role": None, "email": None}
    for take, phone in (("theirs", "5550001"), ("ours", "5550002")):
        await zoho.change(customer, contacts=[contact | {"phone": f"777{phone[-4:]}"}], name=f"here {take}")
        crm.put(record_id, Phone=phone, Line=f"L{take}")
        run = await zoho.run()
        assert (run["counts"]["failed"], run["counts"].get("sent", 0)) == (1, 0)
        (failure,) = await zoho.failures(code="conflict")
        assert (failure["remote_id"], failure["errors"][0]["field"]) == (record_id, "contact.phone")
        assert phone not in str(failure)
        here = await zoho.desk.get(customer)
        assert (here["sales_line"], here["contacts"][0]["phone"]) == (f"L{take}", f"777{phone[-4:]}")
        path = f"/v1/sync-failures/{failure['failure_id']}:retry"
        await zoho.desk.ask("POST", path, json={}, expect=422)
        await zoho.desk.ask("POST", path, json={"take": take})
        await zoho.worker().work_once()
        assert await zoho.failures() == []
        kept = phone if take == "theirs" else f"777{phone[-4:]}"
        assert (await zoho.desk.get(customer))["contacts"][0]["phone"] == kept
        assert (crm.records[record_id]["Phone"], crm.records[record_id]["Account_Name"]) == (
            kept,
            f"here {take}",
        )
        zoho.clock.pass_time(minutes=10)


async def test_a_deleted_record_is_not_made_again_and_closes_its_customer_if_so_mapped(
    zoho: ExchangeDesk,
) -> None:
    crm, record_id, customer = await linked(zoho)
    crm.delete(record_id)
    await zoho.change(customer, name="changed since")
    run = await zoho.run()
    assert (run["counts"]["gone"], run["counts"].get("sent", 0)) == (1, 0)
    assert ((await zoho.desk.get(customer))["state"], crm.records) == ("active", {})
    await zoho.connect_zoho(mapping={"deletions": "close"})
    await zoho.desk.put("C2")
    await zoho.run()
    (second,) = crm.records
    crm.delete(second)
    assert (await zoho.run())["counts"]["gone"] == 1
    assert (await zoho.desk.get("C2"))["state"] == "closed"
    assert (await zoho.desk.trail("retailer", "C2"))[-1] == ("change", "connector crm: deleted there")


async def test_a_merged_customer_keeps_its_record_until_the_records_are_merged_too(
    zoho: ExchangeDesk,
) -> None:
    crm, record_id, _ = await linked(zoho)
    await zoho.desk.put("C2", licence_number=licence(2))
    body = {"survivor_id": "C2", "merged_id": "C1", "reason": "one shop"}
    made = await zoho.desk.ask("POST", "/v1/merges", json=body, expect=201)
    crm.put(record_id, Line="L5")
    await zoho.run()
    assert (await zoho.desk.get("C2"))["sales_line"] == "L5"
    assert len(crm.records) == 1
    await zoho.desk.ask("POST", f"/v1/merges/{made['merge_id']}:undo", json={"reason": "two"})
    zoho.clock.pass_time(minutes=10)
    crm.put(record_id, Line="L6")
    await zoho.run()
    assert ((await zoho.desk.get("C1"))["sales_line"], len(crm.records)) == ("L6", 2)
    second = next(each for each in crm.records if each != record_id)
    await zoho.desk.ask("POST", "/v1/merges", json=body, expect=201)
    crm.put(record_id, Line="L7")
    await zoho.run()
    (failure,) = await zoho.failures()
    assert (failure["code"], failure["remote_id"]) == ("merged", record_id)
    crm.delete(record_id)
    await zoho.run()
    assert (await zoho.failures(), list(crm.records)) == ([], [second])
