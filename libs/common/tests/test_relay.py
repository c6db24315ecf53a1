"""The relay dies between publishing a row and marking it: told again, counted once; and order is kept."""

import asyncio
import logging
from collections.abc import Callable

import asyncpg
import pytest
from humidor_demo.service import SERVICE

from humidor_common.db.pool import prepare_connection
from humidor_common.db.transaction import transaction
from humidor_common.events.pos import SaleRecorded
from humidor_common.messaging import relay
from humidor_common.messaging.deadletters import RELAY
from humidor_common.messaging.kafka import make_consumer
from humidor_common.messaging.outbox import append
from humidor_common.settings import ServiceSettings
from humidor_common.telemetry.logs import JsonFormatter
from humidor_common.telemetry.traces import span
from humidor_common.testing.plugin import SettingsFor
from humidor_common.testing.running import Running, drained, running

MakeSale = Callable[..., SaleRecorded]


@pytest.fixture
def settings(settings_for: SettingsFor) -> ServiceSettings:
    return settings_for(SERVICE)


async def read_topic(settings: ServiceSettings, count: int) -> list[str]:
    """Read the ids of the first `count` records of the sales topic."""
    consumer = make_consumer(settings, None)
    consumer.subscribe([settings.topic_prefix + SaleRecorded.TOPIC])
    await consumer.start()
    try:
        async with asyncio.timeout(20):
            return [dict((await consumer.getone()).headers)["ce_id"].decode() for _ in range(count)]
    finally:
        await consumer.stop()


async def test_a_relay_killed_between_publish_and_mark_costs_nothing(
    settings: ServiceSettings, make_sale: MakeSale
) -> None:
    # An outsider's lock on the rows lets the relay publish them and keeps it from marking them.
    outsider = await asyncpg.connect(settings.pg_dsn)
    async with outsider.transaction():
        await prepare_connection(outsider)
        await append(outsider, [make_sale(quantity=3), make_sale(quantity=4)])
    await outsider.execute("BEGIN; SELECT id FROM outbox FOR UPDATE")
    async with running(SERVICE, settings, "worker") as worker:
        pool = worker.runtime.pool
        published = await read_topic(settings, 2)
        assert await pool.fetchval("SELECT count(*) FROM outbox") == 2
        killed = await pool.fetchval(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE application_name = 'relay' AND datname = current_database()"
        )
        assert killed
        await outsider.close()
        await drained(worker)
        told = await read_topic(settings, 4)
        assert sorted(told) == sorted(published * 2)
        assert await pool.fetchval("SELECT sold FROM counters") == 7


async def test_rows_of_one_key_are_told_in_the_order_of_their_ids(
    settings: ServiceSettings, make_sale: MakeSale
) -> None:
    async with running(SERVICE, settings) as api:
        for _ in range(40):
            async with transaction(api.runtime.pool) as conn:
                await append(conn, [make_sale() for _ in range(25)])
            api.runtime.wake_relay()
        async with asyncio.timeout(20):
            while await api.runtime.pool.fetchval("SELECT count(*) FROM outbox"):  # noqa: ASYNC110 - a table  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        ids = await read_topic(settings, 1000)
        assert ids == sorted(ids), "event ids are UUID version 7 and rise with the rows"


async def test_an_event_too_large_for_the_broker_does_not_hold_up_the_rest(
    settings: ServiceSettings, make_sale: MakeSale
) -> None:
    async with running(SERVICE, settings, "worker") as worker:
        huge = make_sale(store_id="S" + "x" * 5_000_000)
        async with transaction(worker.runtime.pool) as conn:
            await append(conn, [make_sale(quantity=1), huge, make_sale(quantity=2)])
        worker.runtime.wake_relay()
        await drained(worker)
        assert await worker.runtime.pool.fetchval("SELECT sum(sold) FROM counters") == 3
        letter = await worker.runtime.pool.fetchrow("SELECT consumer, reason, state FROM dead_letters")
        assert letter is not None
        assert (letter["consumer"], letter["state"]) == (RELAY, "open")
        assert "too large" in letter["reason"]


async def test_a_row_that_commits_when_the_floor_has_passed_it_is_told_all_the_same(
    settings: ServiceSettings, make_sale: MakeSale, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay, "FLOOR_LAG_SECONDS", 0.0)
    monkeypatch.setattr(relay, "LOOK_AT_ALL_SECONDS", 0.5)
    outsider = await asyncpg.connect(settings.pg_dsn)
    slow = outsider.transaction()
    await slow.start()
    await append(outsider, [make_sale(quantity=5)])
    async with running(SERVICE, settings, "worker") as worker:
        for quantity in (1, 2):
            await tell(worker, make_sale(quantity=quantity))
            await drained(worker)
        await slow.commit()
        await drained(worker)
        assert await worker.runtime.pool.fetchval("SELECT sold FROM counters") == 8
    await outsider.close()


@pytest.mark.parametrize(
    ("took", "rest"),
    [(0.001, relay.PACE_SECONDS - 0.001), (0.02, 0.02), (15.0, relay.POLL_SECONDS)],
    ids=[
        "a short batch keeps the pace",
        "a longer one rests as long",
        "a slow broker is not waited for twice",
    ],
)
def test_the_relay_rests_in_proportion(took: float, rest: float) -> None:
    assert relay.rest_seconds(took) == pytest.approx(rest)


async def test_the_trace_of_the_request_is_in_the_logs_of_the_consumer(
    settings: ServiceSettings, make_sale: MakeSale, caplog: pytest.LogCaptureFixture
) -> None:
    trace_id = "4bf92f3577b34da6a3ce929d0e0e4736"
    lines: list[str] = []
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter("demo"))
    handler.emit = lambda record: lines.append(handler.format(record))  # type: ignore[method-assign]
    logger = logging.getLogger("humidor_common.messaging.consumer")
    logger.addHandler(handler)
    caplog.set_level(logging.DEBUG, logger=logger.name)
    try:
        async with running(SERVICE, settings, "worker") as worker:
            with span("a request", parent=f"00-{trace_id}-00f067aa0ba902b7-01"):
                async with transaction(worker.runtime.pool) as conn:
                    await append(conn, [make_sale()])
            await drained(worker)
    finally:
        logger.removeHandler(handler)
    applied = [line for line in lines if '"event applied"' in line]
    assert len(applied) == 1
    assert f'"trace_id":"{trace_id}"' in applied[0]


async def tell(process: Running, event: SaleRecorded) -> None:
    async with transaction(process.runtime.pool) as conn:
        await append(conn, [event])
    process.runtime.wake_relay()


async def test_an_http_process_relays_only_while_no_worker_does(
    settings: ServiceSettings, make_sale: MakeSale
) -> None:
    patient = settings.model_copy(update={"relay_patience_seconds": 2})
    async with running(SERVICE, patient) as api:
        async with running(SERVICE, patient, "worker") as worker:
            await tell(api, make_sale())
            await drained(worker)
            assert worker.runtime.relay.active
            assert not api.runtime.relay.active
        await tell(api, make_sale())
        async with asyncio.timeout(30):
            while await api.runtime.pool.fetchval("SELECT count(*) FROM outbox"):  # noqa: ASYNC110 - a table
                await asyncio.sleep(0.1)
        assert api.runtime.relay.active
