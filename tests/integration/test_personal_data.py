"""A member asks for its data, then to be forgotten: handed out, erased and proven, over HTTP and Kafka."""

import asyncio
import hashlib
import json
import time
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from .conftest import System, until

GTIN = "06901028075794"


class Person:
    """A member of a store of its own, with all that would give it away."""

    def __init__(self, system: System, http: httpx.Client) -> None:
        self.system, self.http = system, http
        self.store = f"P{uuid4().hex[:8]}"
        self.member = f"M{uuid4().hex[:12]}"
        number = uuid4().int % 10**8
        self.contact = {
            "name": f"欧阳{number:08d}秘",
            "phone": f"139{number:08d}",
            "email": f"ouyang.{number}@example.com",
        }
        self.card = f"C-{number:08d}"
        self.sale = str(uuid4())

    @property
    def traces(self) -> list[str]:
        return [*self.contact.values(), self.card]

    def ask(self, method: str, path: str, *, expect: int = 200, **more: Any) -> Any:
        answer = self.http.request(method, path, headers={"Idempotency-Key": uuid4().hex}, **more)
        assert answer.status_code == expect, answer.text
        return answer.json()

    def join(self) -> None:
        shop = {"name": "Corner", "time_zone": "Asia/Shanghai"}
        self.http.put(f"/inventory/v1/stores/{self.store}", json=shop).raise_for_status()
        body = {
            "member_id": self.member,
            "store_id": self.store,
            "card_number": self.card,
            "adult": {"outcome": "adult", "method": "id_seen", "checked_on": "2026-11-02"},
            "contact": self.contact,
        }
        headers = {"Idempotency-Key": uuid4().hex}
        path = "/customers/v1/consumers"
        until(
            lambda: self.http.post(path, json=body, headers=headers).status_code == 201,
            "the store was not told",
        )

    def buy(self) -> None:
        key = {"Authorization": f"Bearer {self.system.terminal(self.store)}"}
        line = {"line": 1, "gtin": GTIN, "quantity": 2, "unit": "pack", "unit_price": 2500}
        sale = {
            "sale_id": self.sale,
            "store_id": self.store,
            "sold_at": datetime.now(UTC).isoformat(),
            "currency": "CNY",
            "lines": [line],
            "payments": [{"method": "cash", "amount": 5000}],
            "member_id": self.member,
            "age_check": {"method": "verified_member", "passed": True},
        }
        httpx.post(f"{self.system.url}/pos/v1/sales", json=sale, headers=key, timeout=30).raise_for_status()

    def request(self, kind: str) -> Any:
        """Make a request and wait until every service has done its part."""
        body = {"kind": kind, "member_id": self.member, "identity_check": "in_person"}
        made = self.ask("POST", "/customers/v1/privacy-requests", json=body, expect=201)
        path = f"/customers/v1/privacy-requests/{made['request_id']}"
        state = ("completed",)
        until(lambda: self.ask("GET", path)["state"] in state, f"the {kind} was not completed")
        return self.ask("GET", path)

    def sold(self) -> Any:
        return self.ask("GET", f"/pos/v1/sales/{self.sale}", params={"store_id": self.store})


async def partitions_of(bootstrap_servers: str) -> list[TopicPartition]:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers)
    await admin.start()
    try:
        topics = [topic for topic in await admin.list_topics() if not topic.startswith("__")]
        described = await admin.describe_topics(topics)
    finally:
        await admin.close()
    return [
        TopicPartition(each["topic"], partition["partition"])
        for each in described
        for partition in each["partitions"]
    ]


async def told_since(bootstrap_servers: str, moment: float) -> bytes:
    """Give every byte that services told since a moment: keys, payloads and headers, dead letters too."""
    partitions = await partitions_of(bootstrap_servers)
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap_servers)
    await consumer.start()
    try:
        consumer.assign(partitions)
        ends = await consumer.end_offsets(partitions)
        begins = await consumer.offsets_for_times(dict.fromkeys(partitions, int(moment * 1000)))
        left = {each for each in partitions if begins[each] and begins[each].offset < ends[each]}
        consumer.assign(list(left))
        for each in left:
            consumer.seek(each, begins[each].offset)
        told = []
        while left:
            for records in (await consumer.getmany(timeout_ms=500)).values():
                for record in records:
                    told += [record.key or b"", record.value or b"", repr(record.headers).encode()]
            left = {each for each in left if await consumer.position(each) < ends[each]}
    finally:
        await consumer.stop()
    return b"\n".join(told)


def checked(proof: Any) -> list[Any]:
    """Check the links as anybody can, and give what they say."""
    for each in proof["links"]:
        hashed = hashlib.sha256(f"{each['previous']}\n{each['entry']}".encode()).hexdigest()
        assert hashed == each["hash"]
    return [json.loads(each["entry"]) for each in proof["links"]]


def test_a_member_is_handed_its_data_then_forgotten_everywhere_and_no_event_or_log_ever_knew(
    system: System,
) -> None:
    began = time.time()
    with system.client() as http:
        person = Person(system, http)
        person.join()
        person.buy()
        system.wait_drained()

        made = person.request("export")
        path = f"/customers/v1/privacy-requests/{made['request_id']}"
        export = person.ask("GET", f"{path}/export")["services"]
        assert export["customers"]["membership"]["contact"] == person.contact
        assert export["customers"]["membership"]["membership"]["card_number"] == person.card
        assert [(each["sale_id"], each["total"]) for each in export["pos"]["sales"]] == [(person.sale, 5000)]

        done = person.request("erasure")
        parts = {
            (each["service"], part["holding"]): part["rows"]
            for each in done["services"]
            for part in each["parts"]
        }
        assert parts["customers", "membership"] == 2
        assert parts["customers", "requests"] == 2
        assert parts["pos", "sales"] == 1
        sale = person.sold()
        assert (sale["member_id"], sale["total"], sale["age_check"]["passed"]) == (None, 5000, True)
        consumer = person.ask("GET", f"/customers/v1/consumers/{person.member}")
        assert (consumer["ended_why"], consumer["card_number"]) == ("erased", None)
        assert http.get(f"{path}/export").status_code == 410
        proof = person.ask("GET", f"/customers/v1/privacy-requests/{done['request_id']}/proof")
        entries = checked(proof)
        assert [each["what"] for each in entries] == ["received", "started", "erased", "erased", "completed"]
        assert [each["service"] for each in entries if each["what"] == "erased"] == ["customers", "pos"]
        assert (proof["in_time"], proof["verified"]) == (True, True)

        system.wait_drained()
        bootstrap = system.environment_of("customers worker")["HUMIDOR_KAFKA_BOOTSTRAP_SERVERS"]
        told = asyncio.run(told_since(bootstrap, began - 5))
        assert person.member.encode() in told, "what was told is what was looked through"
        logs = b"".join(log.read_bytes() for log in (system.home / "logs").glob("*.log*"))
        assert b"customers-worker" in logs
        for trace in person.traces:
            escaped = json.dumps(trace)[1:-1].encode()
            for where, content in (("event", told), ("log", logs)):
                assert trace.encode() not in content, (where, trace)
                assert escaped not in content, (where, trace)
