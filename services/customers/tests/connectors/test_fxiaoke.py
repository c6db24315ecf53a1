"""Both ways with Fxiaoke, by both proofs of who asks: errors in HTTP 200, no upsert, narrow limits."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from humidor_common.testing.plugin import SettingsFor
from humidor_common.testing.running import running
from humidor_customers.app import SERVICE
from humidor_customers.crm import opening
from humidor_customers.crm.fxiaoke_calls import CALLS, WITHIN_SECONDS, Calls, RecordRefused
from humidor_customers.crm.options import FxiaokeOptions
from humidor_customers.crm.remote import Access
from humidor_customers.crm.transport import Pace, Transport, new_client
from humidor_customers.testing.crm_server import Clock, body, status
from humidor_customers.testing.desk import Desk, licence
from humidor_customers.testing.exchange_desk import ExchangeDesk
from humidor_customers.testing.fxiaoke import APP, MOBILE, FxiaokeServer

FIELDS: list[dict[str, Any]] = [
    {"ours": "name", "theirs": "name"},
    {"ours": "licence_number", "theirs": "licence__c"},
    {"ours": "licence_valid_until", "theirs": "until__c"},
    {"ours": "credit_limit_minor", "theirs": "credit__c"},
    {"ours": "currency", "theirs": "currency__c"},
    {
        "ours": "business_format",
        "theirs": "format__c",
        "values": {"convenience": "option1", "other": "option2"},
    },
    {"ours": "contact.phone", "theirs": "tel"},
    {"ours": "custom.shelf_metres", "theirs": "metres__c"},
    {"ours": "custom.cabinet", "theirs": "cabinet__c"},
]
OPTIONS = {
    "oauth": {"auth": "oauth", "user_id": "1000", "owner": "1000"},
    "legacy": {"auth": "legacy", "mobile": MOBILE, "owner": "1000"},
}
Connect = Callable[..., Any]


@pytest.fixture
async def company(
    settings_for: SettingsFor,
    auth: Callable[..., dict[str, str]],
    settings_changes: dict[str, object],
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Connect]:
    """Give what connects the service to a company of Fxiaoke by a kind of proof."""
    clock = Clock()
    server = FxiaokeServer(clock)
    pace = Pace(CALLS, WITHIN_SECONDS, monotonic=clock.monotonic, sleep=clock.sleep)
    monkeypatch.setattr(opening, "new_pace", lambda: pace)
    settings = settings_for(SERVICE, bus=False, **settings_changes)
    async with running(SERVICE, settings) as process, server.serving():
        desk = Desk(process.runtime, process.client, auth)
        for name, kind in (("shelf_metres", "number"), ("cabinet", "boolean")):
            field = {"label": name, "kind": kind}
            await desk.ask("PUT", f"/v1/custom-fields/{name}", json=field, expect=201)

        async def connect(kind: str, **mapping: Any) -> ExchangeDesk:
            made = ExchangeDesk(desk, server, clock)
            server.auth = kind
            await made.connect(
                kind="fxiaoke",
                name="纷享销客",
                options={**OPTIONS[kind], "url": server.url},
                secrets=APP,
                mapping={"object": "AccountObj", "fields": FIELDS, **mapping},
            )
            return made

        yield connect


def crm_of(exchange: ExchangeDesk) -> FxiaokeServer:
    assert isinstance(exchange.crm, FxiaokeServer)
    return exchange.crm


@pytest.mark.parametrize("kind", ["oauth", "legacy"])
async def test_records_come_and_go_by_either_way_to_prove_who_asks(company: Connect, kind: str) -> None:
    exchange = await company(kind)
    crm = crm_of(exchange)
    midnight = 1_866_902_400_000  # 2029-02-28T00:00 in Shanghai
    there = crm.put(
        name="城南便利店",
        licence__c=licence(1),
        until__c=midnight,
        credit__c="1234.50",
        currency__c="CNY",
        format__c="option1",
        tel="13812345678",
        metres__c="3.5",
        cabinet__c=True,
    )
    await exchange.desk.put(
        "C2",
        name="北山",
        licence_number=licence(2),
        licence_valid_until="2029-02-28",
        credit_limit_minor=50,
        currency="CNY",
        custom={"shelf_metres": 2, "cabinet": False},
    )
    twin = crm.put(name="北", licence__c=licence(3))
    await exchange.desk.put("C3", name="北", licence_number=licence(3))
    run = await exchange.run()
    assert (run["state"], run["counts"]) == ("done", {"created": 1, "linked": 1, "sent": 2})
    made = await exchange.by_licence(licence(1))
    assert (made["licence_valid_until"], made["credit_limit_minor"]) == ("2029-02-28", 123_450)
    assert (made["custom"], made["contacts"][0]["phone"]) == (
        {"shelf_metres": 3.5, "cabinet": True},
        "13812345678",
    )
    (sent,) = [each for each in crm.records.values() if each.get("licence__c") == licence(2)]
    assert (sent["until__c"], sent["credit__c"], sent["metres__c"]) == (midnight, "0.50", "2.0")
    assert (sent["owner"], sent["cabinet__c"], "tel" in sent) == (["1000"], False, False)
    exchange.clock.pass_time(minutes=10)
    crm.put(there, tel="2222222", metres__c=None)
    await exchange.change("C3", name="南")
    run = await exchange.run()
    assert (run["counts"]["changed"], run["counts"]["sent"]) == (1, 1)
    made = await exchange.by_licence(licence(1))
    assert (made["contacts"][0]["phone"], made["custom"]) == ("2222222", {"cabinet": True})
    assert crm.records[twin]["name"] == "南"
    crm.put(there, life_status="invalid")
    run = await exchange.run()
    assert (run["counts"]["gone"], len(crm.records)) == (1, 3)
    assert len(crm.token_calls) == 1
    exchange.clock.pass_time(hours=3)
    assert (await exchange.run())["state"] == "done"
    assert len(crm.token_calls) == 2
    paths = [path for _, path, _ in crm.calls]
    assert paths.count("/cgi/user/getByMobile") == (2 if kind == "legacy" else 0)


async def test_pages_go_by_id_and_never_by_offset_which_ends_at_10000(company: Connect) -> None:
    exchange = await company("oauth", create="here", fields=FIELDS[:2])
    crm = crm_of(exchange)
    for n in range(230):
        crm.put(name=f"Shop {n}", licence__c=licence(n))
    run = await exchange.run()
    assert (run["state"], run["counts"]) == ("done", {"created": 230})
    asked = [each["data"]["search_query_info"] for each in crm.called("/query")]
    assert [(each["offset"], each["limit"]) for each in asked] == [(0, 100)] * 3
    after = [each["filters"][-1]["field_values"][0] for each in asked[1:]]
    assert after == [sorted(crm.records)[99], sorted(crm.records)[199]]


async def test_calls_keep_to_what_the_platform_takes_in_twenty_seconds() -> None:
    clock = Clock()
    server = FxiaokeServer(clock)
    pace = Pace(CALLS, WITHIN_SECONDS, monotonic=clock.monotonic, sleep=clock.sleep)
    options = FxiaokeOptions(user_id="1000", url="http://127.0.0.1:1")

    async def keep(_: Access) -> None:
        pass

    async with server.serving(), new_client() as client:
        options = options.model_copy(update={"url": server.url})
        secrets: dict[str, str] = APP
        calls = Calls(Transport(client, pace), options, secrets, (None, keep), clock=clock)
        began = clock()
        for _ in range(205):
            with pytest.raises(RecordRefused):
                await calls.ask("/cgi/crm/v2/data/none", {})
        assert 2 * 20 <= (clock() - began).total_seconds() < 60


async def test_an_error_in_an_answer_of_200_is_one(company: Connect) -> None:
    exchange = await company("oauth")
    crm = crm_of(exchange)
    crm.put(name="there", licence__c=licence(1))
    for n in (2, 3, 4):
        contacts = [{"name": "x", "phone": "1" * (21 if n == 3 else 11)}]
        await exchange.desk.put(f"C{n}", licence_number=licence(n), contacts=contacts)
    run = await exchange.run()
    assert (run["state"], run["counts"]["sent"], run["counts"]["refused"]) == ("done", 3, 1)
    (failure,) = await exchange.failures()
    assert (failure["retailer_id"], failure["code"]) == ("C3", "320004")
    crm.tokens.clear()
    crm.token_calls.clear()
    exchange.clock.pass_time(minutes=10)
    assert (await exchange.run())["state"] == "done"
    waits = {
        "rate-limited": {"errorCode": 30004, "errorMessage": "frequency is limited"},
        "half-page": {"errorCode": 0, "errorMessage": "OK", "data": {"total": 3}},
        "half-answer": {"message": "what is this"},
    }
    for code, said in waits.items():
        crm.fail("/query", status(200, said))
        run = await exchange.run()
        assert (run["state"], run["code"]) == ("waiting", code)
        exchange.clock.pass_time(hours=6)
        await exchange.worker().work_once()
        assert (await exchange.get_run(run["run_id"]))["state"] == "done"
    crm.fail("/query", body('{"errorCode":0,"data":{"dataList":[{"name":"城"}]}}'.encode("gbk")))
    run = await exchange.run()
    assert (run["state"], run["code"]) == ("waiting", "wrong-encoding")
    crm.quota = 0
    exchange.clock.pass_time(hours=6)
    await exchange.worker().work_once()
    run = await exchange.get_run(run["run_id"])
    assert (run["state"], run["code"], "30002" in run["detail"]) == ("waiting", "rate-limited", True)
    crm.quota = None
    await exchange.desk.ask("POST", f"/v1/sync-runs/{run['run_id']}:cancel")
    await exchange.desk.ask("POST", f"/v1/sync-runs/{run['run_id']}:cancel", expect=409)
    for number, told in ((30003, "no-quota"), (20017, "unauthorized"), (320001401, "refused")):
        crm.fail("/query", status(200, {"errorCode": number, "errorMessage": "no"}))
        run = await exchange.run()
        assert (run["state"], run["code"]) == ("failed", told)


async def test_a_record_that_was_made_before_a_crash_is_found_and_not_made_twice(company: Connect) -> None:
    exchange = await company("legacy")
    crm = crm_of(exchange)
    await exchange.desk.put("C1")
    crm.fail("/create", body(b'{"errorCode":0,"errorMessage":"OK"}'))
    run = await exchange.run()
    assert (run["state"], run["code"]) == ("waiting", "half-answer")
    crm.put(name="Shop C1", licence__c=licence(1), owner=["1000"])
    exchange.clock.pass_time(hours=1)
    await exchange.worker().work_once()
    assert (await exchange.get_run(run["run_id"]))["state"] == "done"
    assert len(crm.records) == 1
    assert len(crm.called("/update")) == 1
