"""How Zoho CRM fails, record by record and as a whole: each ends in a clear report and a sound database."""

from itertools import count
from typing import Any

import pytest

from humidor_customers.syncs import runs
from humidor_customers.testing.crm_server import body, broken_off, status
from humidor_customers.testing.desk import licence
from humidor_customers.testing.exchange_desk import ZOHO_FIELDS, ExchangeDesk
from humidor_customers.testing.zoho import CLIENT, ZohoServer


@pytest.fixture
def crm(zoho: ExchangeDesk) -> ZohoServer:
    assert isinstance(zoho.crm, ZohoServer)
    return zoho.crm


async def test_more_records_than_pages_by_number_lead_to_come_whole(
    zoho: ExchangeDesk, crm: ZohoServer
) -> None:
    await zoho.connect_zoho(mapping={"create": "here", "fields": ZOHO_FIELDS[:2]})
    for n in range(2050):
        crm.put(Account_Name=f"Shop {n}", Licence_No=licence(n))
    run = await zoho.run()
    assert (run["state"], run["counts"]) == ("done", {"created": 2050})
    assert await zoho.desk.runtime.pool.fetchval("SELECT count(*) FROM retailers") == 2050
    lists = [each for each in crm.called("/Accounts") if "fields" in each]
    assert (len(lists), sum("page_token" in each for each in lists)) == (11, 10)


async def test_no_more_records_are_written_at_once_than_are_taken(
    zoho: ExchangeDesk, crm: ZohoServer
) -> None:
    head, rows = "retailer_id,name,licence", [f"C{n},Shop {n},{licence(n)}" for n in range(120)]
    content = "\n".join([head, *rows]).encode()
    params = {"kind": "retailers", "dry_run": "false"}
    headers = {"Content-Type": "text/csv"}
    await zoho.desk.ask("POST", "/v1/imports", params=params, content=content, headers=headers)
    run = await zoho.run()
    assert (run["state"], run["counts"], len(crm.records)) == ("done", {"sent": 120}, 120)
    assert [len(each["data"]) for each in crm.called("/upsert")] == [100, 20]


async def test_a_dry_run_says_all_and_writes_nothing_on_either_side(
    zoho: ExchangeDesk, crm: ZohoServer
) -> None:
    known = crm.put(Account_Name="there", Licence_No=licence(1), Line="L1")
    crm.put(Account_Name="broken", Licence_No="33010210000")
    crm.put(Account_Name="fresh", Licence_No=licence(3))
    await zoho.desk.put("C1", name="here", licence_number=licence(1))
    await zoho.desk.put("C2", name="new", licence_number=licence(2))
    before = {key: dict(each) for key, each in crm.records.items()}
    run = await zoho.run(dry_run=True)
    counts = {"linked": 1, "failed": 1, "created": 1, "conflicts": 1, "sent": 3}
    assert (run["state"], run["counts"]) == ("done", counts)
    found = {each["remote_id"] or each["retailer_id"]: each for each in await zoho.items(run)}
    assert found[known]["fields"]["owed"] == ["name", "business_format", "retailer_id"]
    assert found[known]["fields"]["sales_line"] == {"from": None, "to": "L1"}
    assert found[known]["fields"]["name"] == {"ours": "here", "theirs": "there", "won": "ours"}
    assert {each["outcome"] for each in found.values()} == {"conflict", "invalid", "created", "would_create"}
    assert found["C2"]["fields"]["name"] == {"from": None, "to": "new"}
    assert crm.records == before
    assert await zoho.desk.ids() == ["C1", "C2"]
    assert (await zoho.desk.get("C1"))["sales_line"] is None
    assert await zoho.failures() == []
    assert (await zoho.desk.ask("GET", "/v1/connectors/crm"))["pulled_until"] is None


async def test_what_is_wrong_with_single_records_keeps_no_other_out(
    zoho: ExchangeDesk, crm: ZohoServer
) -> None:
    short = crm.put(Account_Name="short licence", Licence_No="33010210000")
    nameless = crm.put(Account_Name=None, Licence_No=licence(2))
    crm.mandatory = "Licence_No"
    unmapped = crm.put(Account_Name="odd", Licence_No=licence(3), Shop_Type="夜店")
    one, two = (crm.put(Account_Name=f"twin {n}", Licence_No=licence(4)) for n in (1, 2))
    crm.put(Account_Name="good", Licence_No=licence(5))
    await zoho.desk.put("C6", licence_number=licence(6), contacts=[{"name": "x", "phone": "1" * 31}])
    await zoho.desk.put("C7", licence_number=licence(7), business_format="mall")
    await zoho.desk.put("C8", licence_number=licence(8))
    run = await zoho.run()
    assert run["state"] == "done"
    assert {name: run["counts"][name] for name in ("created", "failed", "refused", "sent")} == {
        "created": 2,
        "failed": 4,
        "refused": 2,
        "sent": 3,
    }
    assert sorted(each["name"] for each in await zoho.customers()) == sorted(
        ["good", "twin 1", "Shop C6", "Shop C7", "Shop C8"]
    )
    failures = await zoho.failures(connector_id="crm")
    told = {each["remote_id"] or each["retailer_id"]: each for each in failures}
    codes = {key: (each["direction"], each["code"]) for key, each in told.items()}
    assert codes == {
        short: ("in", "invalid"),
        nameless: ("in", "invalid"),
        unmapped: ("in", "invalid"),
        two: ("in", "duplicate-there"),
        "C6": ("out", "INVALID_DATA"),
        "C7": ("out", "unmapped"),
    }
    assert told[short]["errors"][0]["field"] == "licence_number"
    assert (told["C6"]["errors"][0]["field"], one in told[two]["errors"][0]["message"]) == ("Phone", True)

    crm.put(short, Licence_No=licence(9))
    await zoho.change("C6", contacts=[{"name": "x", "role": None, "phone": "12345678", "email": None}])
    zoho.clock.pass_time(minutes=6)
    run = await zoho.run()
    assert {each["remote_id"] or each["retailer_id"] for each in await zoho.failures()} == {
        nameless,
        unmapped,
        two,
        "C7",
    }
    assert all(each["tries"] > 1 for each in await zoho.failures(code="duplicate-there"))
    (dropped, *_) = await zoho.failures(code="unmapped")
    path = f"/v1/sync-failures/{dropped['failure_id']}"
    gone = await zoho.desk.ask("POST", f"{path}:drop", json={"reason": "no such shop"})
    assert (gone["state"], gone["settled_reason"]) == ("dropped", "no such shop")
    await zoho.desk.ask("POST", f"{path}:drop", json={"reason": "again"}, expect=409)


async def test_of_a_record_that_comes_twice_the_later_counts_and_what_has_no_id_is_counted(
    zoho: ExchangeDesk, crm: ZohoServer
) -> None:
    rows = [
        {
            "id": "1",
            "Account_Name": "late",
            "Licence_No": licence(1),
            "Modified_Time": "2026-11-26T10:00:00Z",
        },
        {
            "id": "1",
            "Account_Name": "early",
            "Licence_No": licence(1),
            "Modified_Time": "2026-11-26T09:00:00Z",
        },
        {"id": None, "Account_Name": "nobody"},
        "no record at all",
    ]
    info = {"per_page": 200, "count": 4, "page": 1, "more_records": False, "next_page_token": None}
    crm.fail("/Accounts", status(200, {"data": rows, "info": info}))
    run = await zoho.run()
    counts = {name: run["counts"][name] for name in ("created", "repeated", "unreadable")}
    assert counts == {"created": 1, "repeated": 1, "unreadable": 2}
    assert (await zoho.by_licence(licence(1)))["name"] == "late"


async def test_a_crm_that_is_out_of_order_makes_the_run_wait_and_go_on_where_it_was(
    zoho: ExchangeDesk, crm: ZohoServer
) -> None:
    for n in range(210):
        crm.put(Account_Name=f"Shop {n}", Licence_No=licence(n))
    page = b'{"data":[{"id":"1","Account_Name":"x"}],"info":{"count":200,"more_records":true}}'
    faults = [
        status(429, {"code": "TOO_MANY_REQUESTS", "message": "Too many requests fired", "status": "error"}),
        status(500, {"code": "INTERNAL_ERROR", "message": "Internal Server Error", "status": "error"}),
        status(503),
        broken_off,
        body(page),
        body(page[:40]),
        body('{"data":[{"id":"1","Account_Name":"城南"}]}'.encode("gb18030")),
        body(b"<html>busy</html>", content_type="text/html"),
    ]
    codes = ["rate-limited", "server-error", "server-error", "unreachable", "half-page", "garbled"]
    codes += ["wrong-encoding", "garbled"]
    crm.fail("/Accounts", *faults)
    run_id = await zoho.start()
    for n, code in enumerate(codes, 1):
        await zoho.worker().work_once()
        run = await zoho.get_run(run_id)
        assert (run["state"], run["code"], run["tries"]) == ("waiting", code, n), run
        assert not await zoho.worker().work_once()
        zoho.clock.pass_time(hours=6)
    await zoho.worker().work_once()
    run = await zoho.get_run(run_id)
    assert (run["state"], run["counts"]["created"], run["code"]) == ("done", 210, None)
    crm.fail("/Accounts", *[status(500)] * 20)
    zoho.clock.pass_time(hours=1)
    run_id = await zoho.start()
    while (run := await zoho.get_run(run_id))["state"] != "failed":
        await zoho.worker().work_once()
        zoho.clock.pass_time(hours=6)
    assert (run["code"], run["detail"][:8], run["ended_at"] is not None) == ("server-error", "HTTP 500", True)


class Killed(BaseException):
    """Nothing after it is done, as after `kill -9`."""


def dies_at(call: int, original: Any) -> Any:
    calls = count(1)

    async def dies(*given: Any, **named: Any) -> Any:
        if next(calls) == call:
            raise Killed
        return await original(*given, **named)

    return dies


async def test_a_worker_that_dies_leaves_its_run_to_another_which_goes_on_after_the_last_page(
    zoho: ExchangeDesk, crm: ZohoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(401):
        crm.put(Account_Name=f"Shop {n}", Licence_No=licence(n))
    for n in range(401, 410):
        await zoho.desk.put(f"C{n}", licence_number=licence(n))

    run_id = await zoho.start()
    # While a page is written; after records were changed there; after records were made there.
    for name, call in (("save_progress", 3), ("hold", 6), ("hold", 7)):
        with monkeypatch.context() as patch:
            patch.setattr(runs, name, dies_at(call, getattr(runs, name)))
            with pytest.raises(Killed):
                await zoho.worker().work_once()
        assert not await zoho.worker().work_once()
        zoho.clock.pass_time(minutes=3)
    await zoho.worker().work_once()
    run = await zoho.get_run(run_id)
    assert (run["state"], run["counts"]["created"]) == ("done", 401)
    assert len(crm.records) == 410
    assert len({each["Licence_No"] for each in crm.records.values()}) == 410
    assert await zoho.desk.runtime.pool.fetchval("SELECT count(*) FROM retailers") == 410
    assert await zoho.desk.runtime.pool.fetchval("SELECT count(*) FROM crm_links") == 410


async def test_tokens_are_renewed_in_time_kept_between_runs_and_their_refusal_is_told(
    zoho: ExchangeDesk, crm: ZohoServer
) -> None:
    crm.put(Account_Name="x", Licence_No=licence(1))
    for _ in range(3):
        await zoho.run()
    assert len(crm.refreshes) == 1
    crm.tokens.clear()
    assert (await zoho.run())["state"] == "done"
    assert len(crm.refreshes) == 2
    zoho.clock.pass_time(hours=2)
    assert (await zoho.run())["state"] == "done"
    crm.fail("/Accounts", *[status(401, {"code": "AUTHENTICATION_FAILURE", "message": "no"})] * 2)
    refused = await zoho.run()
    assert (refused["state"], refused["code"]) == ("failed", "unauthorized")
    await zoho.connect_zoho(secrets=CLIENT | {"refresh_token": "1000.wrong"})
    wrong = await zoho.run()
    assert (wrong["state"], wrong["code"]) == ("failed", "credentials-refused")
    assert "1000.wrong" not in str(wrong)
    while wrong["state"] == "failed":
        wrong = await zoho.run()
    assert (wrong["state"], wrong["code"]) == ("waiting", "token-rate-limited")


async def test_credits_are_left_to_others_and_a_place_that_got_lost_begins_anew(
    zoho: ExchangeDesk, crm: ZohoServer
) -> None:
    for n in range(201):
        crm.put(Account_Name=f"Shop {n}", Licence_No=licence(n))
    crm.credits = 500
    run = await zoho.run()
    assert (run["state"], run["code"]) == ("waiting", "credits-low")
    crm.credits = 40_000
    crm.page_tokens.clear()
    zoho.clock.pass_time(hours=2)
    await zoho.worker().work_once()
    lost = await zoho.get_run(run["run_id"])
    assert (lost["state"], lost["code"]) == ("waiting", "page-token")
    await zoho.worker().work_once()
    done = await zoho.get_run(run["run_id"])
    assert (done["state"], len(await zoho.desk.ids(limit="1000"))) == ("done", 201)
