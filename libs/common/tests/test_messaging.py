"""From a committed event to its effect in another process, on real PostgreSQL and Kafka."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from humidor_demo.service import POISON, POISONED, SERVICE

from humidor_common.db.transaction import transaction
from humidor_common.events import EVENTS, Event
from humidor_common.events.pos import SaleRecorded
from humidor_common.ids import uuid7
from humidor_common.messaging.kafka import make_producer
from humidor_common.messaging.outbox import append
from humidor_common.messaging.rebuild import rebuild
from humidor_common.settings import ServiceSettings
from humidor_common.testing.plugin import SettingsFor
from humidor_common.testing.running import Running, drained, running

MakeSale = Callable[..., SaleRecorded]


@pytest.fixture
def settings(settings_for: SettingsFor) -> ServiceSettings:
    return settings_for(SERVICE)


async def tell(process: Running, events: Sequence[Event]) -> None:
    async with transaction(process.runtime.pool) as conn:
        await append(conn, events)
    process.runtime.wake_relay()


async def send_raw(settings: ServiceSettings, *records: tuple[bytes | None, list[tuple[str, bytes]]]) -> None:
    async with make_producer(settings) as producer:
        for value, headers in records:
            topic = settings.topic_prefix + SaleRecorded.TOPIC
            await producer.send_and_wait(topic, value=value, key=b"S0001", headers=headers)


async def sold(process: Running) -> dict[str, int]:
    rows = await process.runtime.pool.fetch("SELECT * FROM counters")
    return {row["store_id"]: row["sold"] for row in rows}


async def test_an_event_reaches_its_consumer_once(settings: ServiceSettings, make_sale: MakeSale) -> None:
    async with running(SERVICE, settings, "worker") as worker:
        await tell(worker, [make_sale(quantity=2), make_sale(quantity=3), make_sale(store_id="S0002")])
        await drained(worker)
        assert await sold(worker) == {"S0001": 5, "S0002": 1}


async def test_an_uncommitted_event_is_never_told(settings: ServiceSettings, make_sale: MakeSale) -> None:
    async with running(SERVICE, settings, "worker") as worker:

        async def change_and_fail() -> None:
            async with transaction(worker.runtime.pool) as conn:
                await append(conn, [make_sale()])
                raise RuntimeError("the change fails after its event was written")

        with pytest.raises(RuntimeError):
            await change_and_fail()
        await tell(worker, [make_sale(store_id="S0009")])
        await drained(worker)
        assert await sold(worker) == {"S0009": 1}


async def test_redelivered_and_repeated_records_count_once(
    settings: ServiceSettings, make_sale: MakeSale
) -> None:
    async with running(SERVICE, settings, "worker") as worker:
        await tell(worker, [make_sale(quantity=7)])
        await drained(worker)
        value, headers = await _first_record(settings)
        await send_raw(settings, *[(value, headers)] * 5)
        await tell(worker, [make_sale(store_id="S0002")])
        await drained(worker)
        assert await sold(worker) == {"S0001": 7, "S0002": 1}


async def test_bad_events_are_dead_lettered_and_the_rest_flows(
    settings: ServiceSettings, make_sale: MakeSale
) -> None:
    unknown = [("ce_id", b"x-1"), ("ce_source", b"/else"), ("ce_type", b"pos.sale-recorded.v9")]
    async with running(SERVICE, settings, "worker") as worker:
        sales = [make_sale() for _ in range(100)]
        sales[30] = make_sale(sale_id=POISONED)
        sales[60] = make_sale(total=-1)
        await tell(worker, sales)
        await drained(worker)
        await send_raw(settings, (b"{}", unknown), (b"\x00\xff", [("ce_id", b"\x00")]), (None, []))
        await tell(worker, [make_sale()])
        await drained(worker)
        assert await sold(worker) == {"S0001": 99}
        reasons = await worker.runtime.pool.fetch("SELECT reason FROM dead_letters ORDER BY dead_letter_id")
        assert [row["reason"].split(":")[0] for row in reasons] == [
            "this sale is poisoned",
            "RuntimeError",
            "unknown event type or version 'pos.sale-recorded.v9'",
            "not a CloudEvent",
            "not a CloudEvent",
        ]


async def test_a_dead_letter_is_retried_after_its_cause_is_mended(
    settings: ServiceSettings, make_sale: MakeSale, auth: Callable[..., dict[str, str]]
) -> None:
    async with running(SERVICE, settings, "worker") as worker, running(SERVICE, settings) as api:
        await tell(worker, [make_sale(sale_id=POISONED, quantity=4)])
        await drained(worker)
        listed = (await api.client.get("/v1/dead-letters", headers=auth())).json()["items"]
        assert [item["reason"] for item in listed] == ["this sale is poisoned"]
        path = f"/v1/dead-letters/{listed[0]['dead_letter_id']}"
        refused = await api.client.post(f"{path}:retry", headers=auth())
        assert (refused.status_code, refused.json()["code"]) == (409, "still-failing")
        POISON["on"] = False
        try:
            assert (await api.client.post(f"{path}:retry", headers=auth())).status_code == 200
        finally:
            POISON["on"] = True
        assert await sold(worker) == {"S0001": 4}
        again = await api.client.post(f"{path}:retry", headers=auth())
        assert (again.status_code, again.json()["code"]) == (409, "dead-letter-settled")
        assert (await api.client.get(path, headers=auth("clerk"))).status_code == 403


async def test_an_event_whose_version_came_later_counts_once_however_often_it_comes(
    settings: ServiceSettings,
    make_sale: MakeSale,
    auth: Callable[..., dict[str, str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with running(SERVICE, settings, "worker") as worker, running(SERVICE, settings) as api:
        with monkeypatch.context() as older:
            older.delitem(EVENTS, SaleRecorded.TYPE)
            await tell(worker, [make_sale(quantity=4)])
            await drained(worker)
        listed = (await api.client.get("/v1/dead-letters", headers=auth())).json()["items"]
        path = f"/v1/dead-letters/{listed[0]['dead_letter_id']}:retry"
        assert (await api.client.post(path, headers=auth())).status_code == 200
        value, headers = await _first_record(settings)
        await send_raw(settings, (value, headers))
        await drained(worker)
        assert await sold(worker) == {"S0001": 4}


async def test_dead_letters_are_not_for_those_who_are_bound_to_a_store(
    settings: ServiceSettings, auth: Callable[..., dict[str, str]]
) -> None:
    async with running(SERVICE, settings) as api:
        refused = await api.client.get("/v1/dead-letters", headers=auth("admin", stores=["S0001"]))
        assert (refused.status_code, refused.json()["code"]) == (403, "store-forbidden")


async def test_events_wait_while_the_database_takes_no_writes(
    settings: ServiceSettings, make_sale: MakeSale, caplog: pytest.LogCaptureFixture
) -> None:
    async with running(SERVICE, settings, "worker") as worker:
        pool = worker.runtime.pool
        await tell(worker, [make_sale(quantity=2)])
        await drained(worker)
        value, headers = await _first_record(settings)
        headers = [(n, str(uuid7()).encode() if n == "ce_id" else v) for n, v in headers]
        name = await pool.fetchval("SELECT current_database()")
        await pool.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
        await pool.expire_connections()
        await send_raw(settings, (value, headers))
        async with asyncio.timeout(20):
            while "waiting for the database" not in caplog.text:  # noqa: ASYNC110 - a log
                await asyncio.sleep(0.02)
        await pool.execute(
            f"BEGIN READ WRITE; ALTER DATABASE {name} SET default_transaction_read_only = off; COMMIT"
        )
        await pool.expire_connections()
        await drained(worker)
        assert await sold(worker) == {"S0001": 4}
        assert await pool.fetchval("SELECT count(*) FROM dead_letters") == 0


async def test_a_projection_is_rebuilt_from_its_topic_and_equals_what_it_was(
    settings: ServiceSettings, make_sale: MakeSale
) -> None:
    async with running(SERVICE, settings, "worker") as worker:
        await tell(worker, [make_sale(store_id=f"S{n % 7:04}", quantity=n + 1) for n in range(200)])
        await drained(worker)
        before = await sold(worker)
        outcome = await rebuild(settings, SERVICE.projections[0])
        assert (outcome.equal, outcome.events_applied) == (True, 200)
        await worker.runtime.pool.execute("UPDATE counters SET sold = sold + 1 WHERE store_id = 'S0003'")
        outcome = await rebuild(settings, SERVICE.projections[0])
        assert not outcome.equal
        assert await sold(worker) == before


async def test_one_relay_is_active_and_another_takes_over(
    settings: ServiceSettings, make_sale: MakeSale
) -> None:
    async with running(SERVICE, settings, "worker") as worker:
        await tell(worker, [make_sale()])
        await drained(worker)
        async with running(SERVICE, settings) as api:
            assert worker.runtime.relay.active
            assert not api.runtime.relay.active
            await tell(api, [make_sale()])
            await drained(worker)
            await worker.runtime.pool.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE application_name = 'relay' AND datname = current_database()"
            )
            await tell(api, [make_sale()])
            await drained(worker)
            assert await sold(worker) == {"S0001": 3}


async def _first_record(settings: ServiceSettings) -> Any:
    from humidor_common.messaging.kafka import make_consumer

    consumer = make_consumer(settings, None)
    consumer.subscribe([settings.topic_prefix + SaleRecorded.TOPIC])
    await consumer.start()
    try:
        record = await consumer.getone()
        return record.value, list(record.headers)
    finally:
        await consumer.stop()
