"""Who may set a connector up, that its secrets never come out again, and what is refused."""

from typing import Any

import pytest
from pydantic import ValidationError

from humidor_customers.app import SERVICE
from humidor_customers.testing.desk import licence
from humidor_customers.testing.exchange_desk import CONNECTOR_KEYS, ZOHO_FIELDS, ExchangeDesk
from humidor_customers.testing.zoho import CLIENT

GOOD: dict[str, Any] = {
    "kind": "zoho",
    "name": "CRM",
    "mapping": {"object": "Accounts", "fields": ZOHO_FIELDS},
}


async def test_secrets_go_in_and_never_come_out(zoho: ExchangeDesk) -> None:
    desk = zoho.desk
    await zoho.run()
    view = await desk.ask("GET", "/v1/connectors/crm")
    assert view["secrets_set"] == ["client_id", "client_secret", "refresh_token"]
    kept = await zoho.connect(**GOOD, options=view["options"])
    assert kept["secrets_set"] == view["secrets_set"]
    shown = str(view) + str(await desk.ask("GET", "/v1/connectors"))
    tables = await desk.runtime.pool.fetch("SELECT * FROM connectors")
    trail = await desk.runtime.pool.fetch("SELECT * FROM audit_trail")
    for secret in CLIENT.values():
        assert secret not in shown + str([dict(each) for each in (*tables, *trail)])
    assert (await zoho.run())["state"] == "done"


async def test_a_connector_is_changed_by_those_who_may_and_by_what_fits(zoho: ExchangeDesk) -> None:
    desk, path = zoho.desk, "/v1/connectors/crm"
    for auth in (desk.auth("manager"), desk.auth("admin", stores=["S0001"])):
        await desk.ask("PUT", path, json=GOOD, headers=auth, expect=403)
    bound = desk.auth("manager", stores=["S0001"])
    for method, end in (("GET", path), ("GET", f"{path}/runs"), ("POST", f"{path}/runs")):
        await desk.ask(method, end, json={}, headers=bound, expect=403)
    await desk.ask("POST", f"{path}/runs", json={}, headers=desk.auth("auditor"), expect=403)
    await desk.ask("POST", "/v1/connectors/none/runs", json={}, expect=404)
    await desk.ask("PUT", path, json=GOOD, headers={"If-Match": '"7"'}, expect=412)
    assert (await desk.ask("PUT", path, json=GOOD | {"kind": "webhook"}, expect=409))["code"] == "kind-fixed"
    fields: list[Any] = GOOD["mapping"]["fields"]
    wrong: list[Any] = [
        {"mapping": {"object": "A", "fields": fields[1:]}},
        {"mapping": {"object": "A", "fields": [*fields, fields[0]]}},
        {"mapping": {"object": "A", "fields": fields, "match": ["licence_number", "colour"]}},
        {"mapping": {"object": "A", "fields": [*fields, {"ours": "colour", "theirs": "B"}]}},
        {"mapping": {"object": "A", "fields": [*fields, {"ours": "custom.none", "theirs": "B"}]}},
        {"mapping": {"object": "A", "fields": [*fields, {"ours": "parent_id", "theirs": "B"}]}},
        {"options": {"data_center": "moon"}},
        {"options": {"api_url": "http://127.0.0.1/path"}},
        {"secrets": {"app_id": "x"}},
        {"every_minutes": 1},
    ]
    for each in wrong:
        await desk.ask("PUT", "/v1/connectors/new", json=GOOD | each, expect=422)
    await desk.ask("GET", "/v1/connectors/new", expect=404)


@pytest.mark.parametrize(
    ("settings_changes", "code"),
    [({"delivery_private_targets": True}, "no-connector-key"), ({"connector_keys": "k" * 40}, "invalid")],
)
async def test_without_a_key_no_secret_and_without_leave_no_address_of_ones_own(
    desk_of: ExchangeDesk, code: str
) -> None:
    given = GOOD | {"secrets": CLIENT, "options": {"api_url": "http://127.0.0.1:1"}}
    path = "/v1/connectors/crm"
    refused = await desk_of.desk.client.put(path, json=given, headers=desk_of.desk.auth())
    assert (refused.is_error, refused.json()["code"]) == (True, code)


def test_a_key_that_is_too_short_stops_the_service_at_its_start_and_is_not_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    keys = {"CONNECTOR_KEYS": f"{CONNECTOR_KEYS},short-secret"}
    for name, value in (dict.fromkeys(("PG_DSN", "KAFKA_BOOTSTRAP_SERVERS", "JWKS"), "x") | keys).items():
        monkeypatch.setenv(f"HUMIDOR_{name}", value)
    with pytest.raises(ValidationError, match="32 characters") as caught:
        SERVICE.settings()
    assert not [secret for secret in (CONNECTOR_KEYS, "short-secret") if secret in str(caught.value)]


async def test_a_mapping_file_is_read_and_replaced_and_every_record_looked_at_again(
    zoho: ExchangeDesk,
) -> None:
    await zoho.desk.put("C1", trade_area="T1")
    await zoho.run()
    zoho.clock.pass_time(minutes=10)
    path = "/v1/connectors/crm/mapping"
    mapping = await zoho.desk.ask("GET", path)
    mapping["fields"].append({"ours": "trade_area", "theirs": "Area"})
    assert (await zoho.desk.ask("PUT", path, json=mapping))["fields"][-1]["theirs"] == "Area"
    run = await zoho.run()
    assert (run["since"], run["counts"]["sent"]) == (None, 1)
    (record,) = zoho.crm.records.values()  # type: ignore[attr-defined]
    assert record["Area"] == "T1"


async def test_a_schedule_starts_runs_by_itself_and_one_at_a_time(zoho: ExchangeDesk) -> None:
    await zoho.connect_zoho(every_minutes=30)
    await zoho.desk.put("C1", licence_number=licence(1))
    assert not await zoho.worker().work_once()
    zoho.clock.pass_time(minutes=31)
    assert await zoho.worker().work_once()
    (run,) = (await zoho.desk.ask("GET", "/v1/connectors/crm/runs"))["items"]
    assert (run["started_by"], run["state"], run["counts"]) == ("schedule", "done", {"sent": 1})
    key = {"Idempotency-Key": "once"}
    path = "/v1/connectors/crm/runs"
    first = await zoho.desk.ask("POST", path, json={}, headers=key, expect=202)
    assert (await zoho.desk.ask("POST", path, json={}, headers=key, expect=202)) == first
    assert (await zoho.desk.ask("POST", path, json={}, expect=409))["code"] == "run-under-way"
    zoho.clock.pass_time(minutes=31)
    assert await zoho.worker().work_once()
    assert not await zoho.worker().work_once()
    await zoho.connect_zoho(every_minutes=30, enabled=False)
    assert (await zoho.desk.ask("POST", path, json={}, expect=409))["code"] == "connector-disabled"
    assert (await zoho.desk.ask("GET", "/v1/connectors/crm"))["due_at"] is None
