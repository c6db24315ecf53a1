"""Webhooks over HTTP: set up, told what they ask for, signed while secrets change, and replayed."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from aiohttp import web

from humidor_common.clock import utc_now
from humidor_common.db.transaction import transaction
from humidor_common.delivery.sender import Sender
from humidor_common.events.customers import RetailerChanged
from humidor_common.messaging import inbox
from humidor_common.messaging.subscription import Received, decode
from humidor_common.testing.receiving import Call, Receiver, receiving, verified
from humidor_customers.testing.desk import Desk
from humidor_customers.webhooks.consumers import SUBSCRIPTION
from humidor_customers.webhooks.log import page_statement

PATH = "/v1/webhooks"
CHANGED = RetailerChanged.TYPE


@dataclass
class Hooks:
    """The desk, a system that is told, and what lies between them."""

    desk: Desk
    receiver: Receiver

    async def make(self, *, expect: int = 201, **changes: Any) -> Any:
        body = {"name": "ERP", "target": f"{self.receiver.url}/in", "types": [CHANGED]} | changes
        return await self.desk.ask("POST", PATH, json=body, expect=expect)

    async def told(self) -> list[Received]:
        """Give what waits in the outbox as it would come from the bus."""
        rows = await self.desk.runtime.pool.fetch("SELECT * FROM outbox ORDER BY id")
        return [
            decode(
                {
                    "ce_id": str(row["event_id"]),
                    "ce_type": row["type"],
                    "ce_source": "/humidor/customers",
                    "ce_time": row["time"].isoformat(),
                },
                row["payload"],
            )
            for row in rows
        ]

    async def consume(self) -> None:
        async with transaction(self.desk.runtime.pool) as conn:
            await inbox.apply_batch(conn, SUBSCRIPTION, await self.told())

    async def send(self, *, after: timedelta = timedelta()) -> int:
        settings: Any = self.desk.runtime.settings.model_copy(update={"delivery_private_targets": True})
        return await Sender(self.desk.runtime.pool, settings, clock=lambda: utc_now() + after).send_due()

    async def log(self, webhook_id: str, **params: str) -> list[Any]:
        found = await self.desk.ask("GET", f"{PATH}/{webhook_id}/deliveries", params=params)
        items: list[Any] = found["items"]
        return items


@pytest.fixture
async def hooks(desk: Desk) -> AsyncIterator[Hooks]:
    desk.runtime.settings = desk.runtime.settings.model_copy(update={"delivery_private_targets": True})
    async with receiving() as receiver:
        yield Hooks(desk, receiver)


def refuse(_: Call) -> web.Response:
    return web.Response(status=503, text="not now")


def welcome(_: Call) -> web.Response:
    return web.Response(text="taken, thank you")


async def test_a_system_is_told_once_of_what_it_asked_for_and_tried_again_under_one_id(hooks: Hooks) -> None:
    made = await hooks.make(filters={"trade_area": ["WEST"], "tags": ["key"]})
    other = await hooks.make(name="CRM", types=["customers.retailers-merged.v1"])
    await hooks.desk.put("C1", trade_area="WEST", tags=["key", "new"])
    await hooks.desk.put("C2", trade_area="EAST", tags=["key"])
    assert hooks.receiver.calls == []
    for _ in range(2):
        await hooks.consume()
    hooks.receiver.answers = [refuse]
    hooks.receiver.answer = welcome
    assert (await hooks.send(), await hooks.send(after=timedelta(minutes=1))) == (1, 1)
    first, second = hooks.receiver.calls
    assert verified(second, made["secret"])
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert second.document["type"] == CHANGED
    assert (second.document["data"]["retailer_id"], second.document["data"]["tags"]) == ("C1", ["key", "new"])
    (entry,) = await hooks.log(made["webhook_id"])
    assert entry["delivery_id"] == second.headers["webhook-id"]
    assert (entry["state"], entry["attempts"], entry["last_status"]) == ("sent", 2, 200)
    assert entry["last_answer"] == "taken, thank you"
    assert entry["event_id"] == str((await hooks.told())[0].event_id)
    detail = await hooks.desk.ask("GET", f"/v1/deliveries/{entry['delivery_id']}")
    assert [(each["outcome"], each["status"], each["detail"]) for each in detail["log"]] == [
        ("sent", 200, "taken, thank you"),
        ("failed", 503, "HTTP 503: not now"),
    ]
    assert all(each["latency_ms"] is not None for each in detail["log"])
    assert detail["reason"] is None
    assert await hooks.log(other["webhook_id"]) == []


async def test_events_of_before_a_webhook_and_of_when_it_is_switched_off_are_not_told(hooks: Hooks) -> None:
    await hooks.desk.put("C1")
    made = await hooks.make()
    path = f"{PATH}/{made['webhook_id']}"
    await hooks.consume()
    assert await hooks.log(made["webhook_id"]) == []
    await hooks.desk.put("C2")
    await hooks.consume()
    off = {"name": "ERP", "types": [CHANGED], "enabled": False}
    stale = hooks.desk.auth() | {"If-Match": '"7"'}
    await hooks.desk.ask("PUT", path, json=off, headers=stale, expect=412)
    changed = await hooks.desk.ask("PUT", path, json=off)
    assert (changed["version"], changed["enabled"], changed["target"]) == (2, False, made["target"])
    await hooks.desk.put("C3")
    await hooks.consume()
    assert await hooks.send() == 0
    (listed,) = (await hooks.desk.ask("GET", PATH))["items"]
    assert (listed["pending"], listed["parked"]) == (0, 1)
    assert await hooks.desk.ask("GET", path) == listed
    (entry,) = await hooks.log(made["webhook_id"], state="parked")
    assert entry["subject"] == "C2"
    tested = await hooks.desk.ask("POST", f"{path}:test")
    assert await hooks.send() == 1
    call = hooks.receiver.calls[0]
    assert call.headers["webhook-id"] == tested["delivery_id"]
    assert call.document["data"] == {"webhook_id": made["webhook_id"], "test": True}
    await hooks.desk.put("C4")
    answer = await hooks.desk.client.delete(path, headers=hooks.desk.auth())
    assert answer.status_code == 204
    await hooks.desk.ask("GET", path, expect=404)
    await hooks.desk.ask("GET", f"{path}/deliveries", expect=404)


async def test_two_secrets_sign_while_a_receiver_changes_over(hooks: Hooks) -> None:
    made = await hooks.make()
    path = f"{PATH}/{made['webhook_id']}"
    await hooks.desk.put("C1")
    await hooks.consume()
    rotated = await hooks.desk.ask("POST", f"{path}:rotate-secret", json={"overlap_hours": 1})
    assert rotated["secret"] != made["secret"]
    assert rotated["previous_secret_until"]
    await hooks.send()
    await hooks.desk.put("C2")
    await hooks.consume()
    await hooks.send()
    for call in hooks.receiver.calls:
        assert verified(call, made["secret"])
        assert verified(call, rotated["secret"])
    last = await hooks.desk.ask("POST", f"{path}:rotate-secret", json={"overlap_hours": 0})
    await hooks.desk.ask("POST", f"{path}:test")
    await hooks.send()
    assert verified(hooks.receiver.calls[-1], last["secret"])
    assert not verified(hooks.receiver.calls[-1], rotated["secret"])
    shown = [
        (await hooks.desk.client.get(where, headers=hooks.desk.auth())).text
        for where in (PATH, path, "/v1/deliveries", f"{path}/deliveries")
    ]
    trail = await hooks.desk.runtime.pool.fetchval("SELECT jsonb_agg(t)::text FROM audit_trail t")
    for secret in (made["secret"], rotated["secret"], last["secret"]):
        assert secret not in trail + "".join(shown)
    actions = [each[0] for each in await hooks.desk.trail("webhook", made["webhook_id"])]
    assert actions == ["create", "rotate_secret", "rotate_secret", "test"]


async def test_one_message_or_a_range_is_sent_again_under_the_same_ids(hooks: Hooks) -> None:
    made = await hooks.make()
    path = f"{PATH}/{made['webhook_id']}/deliveries"
    since = utc_now()
    for number in range(3):
        await hooks.desk.put(f"C{number}")
    await hooks.consume()
    pending = (await hooks.log(made["webhook_id"]))[0]["delivery_id"]
    busy = await hooks.desk.ask("POST", f"{path}/{pending}:replay", expect=409)
    assert busy["code"] == "delivery-state"
    await hooks.send()
    ids = [call.headers["webhook-id"] for call in hooks.receiver.calls]
    moved = {"name": "ERP", "types": [CHANGED], "target": f"{hooks.receiver.url}/moved"}
    await hooks.desk.ask("PUT", f"{PATH}/{made['webhook_id']}", json=moved)
    one = await hooks.desk.ask("POST", f"{path}/{ids[1]}:replay")
    assert (one["state"], one["delivery_id"]) == ("pending", ids[1])
    await hooks.send()
    assert (hooks.receiver.calls[-1].headers["webhook-id"], hooks.receiver.calls[-1].path) == (
        ids[1],
        "/moved",
    )
    span = {"from": since.isoformat(), "until": (utc_now() + timedelta(seconds=1)).isoformat()}
    assert await hooks.desk.ask("POST", f"{path}:replay", json=span) == {"messages": 3}
    assert await hooks.desk.ask("POST", f"{path}:replay", json=span) == {"messages": 0}
    await hooks.send()
    assert sorted(call.headers["webhook-id"] for call in hooks.receiver.calls[-3:]) == sorted(ids)
    none = {"from": "2020-01-01T00:00:00Z", "until": since.isoformat()}
    assert await hooks.desk.ask("POST", f"{path}:replay", json=none) == {"messages": 0}
    empty = await hooks.desk.ask("POST", f"{path}:replay", json=none | {"until": none["from"]}, expect=422)
    assert empty["errors"][0]["field"] == "until"
    await hooks.desk.ask("POST", f"{path}/{made['webhook_id']}:replay", expect=404)
    newest = [each["delivery_id"] for each in await hooks.log(made["webhook_id"], limit="2")]
    assert newest == sorted(ids, reverse=True)[:2]


async def test_what_a_webhook_cannot_be_is_named_and_only_administrators_of_every_store_see_any(
    hooks: Hooks,
) -> None:
    hooks.desk.runtime.settings = hooks.desk.runtime.settings.model_copy(
        update={"delivery_private_targets": False}
    )
    safe = {"target": "https://hooks.example.com/in"}
    for field, changes in (
        ("target", {"target": "http://hooks.example.com/in"}),
        ("target", {"target": "https://127.0.0.1/in"}),
        ("target", {"target": "https://[::ffff:10.0.0.1]/in"}),
        ("target", {"target": "https://169.254.169.254/latest"}),
        ("secret", safe | {"secret": "whsec_AAAA"}),
        ("types[1]", safe | {"types": [CHANGED, "customers.unheard-of.v1"]}),
        ("filters.colour", safe | {"filters": {"colour": ["red"]}}),
        ("types", safe | {"types": []}),
    ):
        problem = await hooks.make(expect=422, **changes)
        assert problem["errors"][0]["field"] == field, changes
    made = await hooks.make(target=safe["target"])
    kept = await hooks.desk.ask("GET", f"{PATH}/{made['webhook_id']}")
    assert "secret" not in kept
    for bad in (hooks.desk.auth("manager"), hooks.desk.auth("admin", stores=["S0001"])):
        await hooks.desk.ask("GET", PATH, headers=bad, expect=403)
        await hooks.desk.ask("POST", PATH, json=safe, headers=bad, expect=403)
        await hooks.desk.ask("GET", f"{PATH}/{made['webhook_id']}/deliveries", headers=bad, expect=403)
    offered = (await hooks.desk.ask("GET", "/v1/webhook-events"))["items"]
    assert CHANGED in [each["type"] for each in offered]
    assert all(each["type"].startswith("customers.") and each["summary"] for each in offered)


async def test_the_log_of_a_webhook_is_read_by_its_index(hooks: Hooks) -> None:
    made = UUID((await hooks.make())["webhook_id"])
    statement, arguments = page_statement(
        made, span=(utc_now(), utc_now()), state="sent", event_type=CHANGED, before=made, limit=2
    )
    async with transaction(hooks.desk.runtime.pool) as conn:
        await conn.execute("SET LOCAL enable_seqscan = off")
        plan = await conn.fetch(f"EXPLAIN {statement}", *arguments)
    assert "ix_webhook_messages_webhook" in str(plan)
