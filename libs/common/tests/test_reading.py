"""A broker's client that stops without a word is found out and replaced."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import CommitFailedError
from humidor_demo.service import COUNTING, SERVICE

from humidor_common.db.transaction import transaction
from humidor_common.events.pos import SaleRecorded
from humidor_common.messaging import consumer, reading
from humidor_common.messaging.kafka import make_consumer, make_producer
from humidor_common.messaging.kafka import stop as stop_client
from humidor_common.messaging.offsets import Offsets
from humidor_common.messaging.outbox import append
from humidor_common.messaging.reading import Reader
from humidor_common.settings import ServiceSettings
from humidor_common.testing.plugin import SettingsFor
from humidor_common.testing.running import Running, drained, running

MakeSale = Callable[..., SaleRecorded]


@pytest.fixture
def settings(settings_for: SettingsFor) -> ServiceSettings:
    return settings_for(SERVICE)


@pytest.fixture
def readers(monkeypatch: pytest.MonkeyPatch) -> list[Reader]:
    """Each reader that is opened, oldest first."""
    opened: list[Reader] = []
    real = reading.open_reader

    @asynccontextmanager
    async def open_reader(*arguments: Any) -> AsyncIterator[Reader]:
        async with real(*arguments) as reader:
            opened.append(reader)
            yield reader

    monkeypatch.setattr(consumer, "open_reader", open_reader)
    return opened


async def tell(worker: Running, sale: SaleRecorded) -> None:
    async with transaction(worker.runtime.pool) as conn:
        await append(conn, [sale])
    worker.runtime.wake_relay()


async def sold(worker: Running) -> int:
    count: int = await worker.runtime.pool.fetchval("SELECT coalesce(sum(sold), 0) FROM counters")
    return count


async def test_a_client_that_no_longer_fetches_is_replaced(
    settings: ServiceSettings,
    make_sale: MakeSale,
    readers: list[Reader],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reading, "LOOK_EVERY_SECONDS", 0.5)
    async with running(SERVICE, settings, "worker") as worker:
        await tell(worker, make_sale(quantity=2))
        await drained(worker)
        for reader in readers:
            reader._consumer._fetcher._fetch_task.cancel()
        await tell(worker, make_sale(quantity=3))
        await drained(worker)
        assert await sold(worker) == 5
        assert worker.runtime.consumers[0].running


async def test_a_client_that_does_not_come_back_is_replaced(
    settings: ServiceSettings,
    make_sale: MakeSale,
    readers: list[Reader],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reading, "REBALANCE_SECONDS", 0.5)
    async with running(SERVICE, settings, "worker") as worker:
        await tell(worker, make_sale(quantity=2))
        await drained(worker)

        async def never(*_: Any, **__: Any) -> None:
            await asyncio.Event().wait()

        monkeypatch.setattr(readers[0]._consumer, "getmany", never)
        await tell(worker, make_sale(quantity=3))
        await drained(worker)
        assert await sold(worker) == 5


async def test_a_cancellation_that_the_client_lets_out_ends_no_consumer(
    settings: ServiceSettings,
    make_sale: MakeSale,
    readers: list[Reader],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with running(SERVICE, settings, "worker") as worker:
        await tell(worker, make_sale(quantity=2))
        await drained(worker)

        async def let_out(*_: Any, **__: Any) -> None:
            raise asyncio.CancelledError

        monkeypatch.setattr(readers[0]._consumer, "getmany", let_out)
        await tell(worker, make_sale(quantity=3))
        await drained(worker)
        assert await sold(worker) == 5


async def test_a_client_stops_whatever_is_under_way(settings: ServiceSettings) -> None:
    async with running(SERVICE, settings):
        client = make_consumer(settings, settings.topic_prefix + COUNTING.group)
        client.subscribe([settings.topic_prefix + topic for topic in COUNTING.topics])
        await client.start()
        # As where the broker is away: the client waits before it fetches again, and is cancelled there.
        client._fetcher._pending_tasks.add(asyncio.create_task(asyncio.sleep(60)))
        await stop_client(client)
        assert not any(conn.connected() for conn in client._client._conns.values())


async def test_what_came_after_the_records_fetched_ahead_is_fetched_with_them(
    settings: ServiceSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "FETCH_ON_MS", 10_000)
    async with running(SERVICE, settings):
        topic = settings.topic_prefix + COUNTING.topics[0]
        async with make_producer(settings) as producer, reading.open_reader(settings, COUNTING) as reader:
            await producer.send_and_wait(topic, b"ahead", partition=0)
            while not reader._consumer._fetcher._records:  # noqa: ASYNC110 - the client has no event for it
                await asyncio.sleep(0.01)
            await producer.send_and_wait(topic, b"since, elsewhere", partition=1)
            await producer.send_and_wait(topic, b"since", partition=0)
            fetched = await reader.fetch(100)
            values = [record.value for records in fetched.values() for record in records]
            assert values[0] == b"ahead"
            assert len(values) > 1
            assert reader._consumer.assignment() >= fetched.keys()


class Refusing:
    """A consumer whose broker refuses the first commit."""

    def __init__(self) -> None:
        self.assigned = {TopicPartition("sales", 0), TopicPartition("sales", 1)}
        self.committed: list[dict[TopicPartition, int]] = []
        self.refuses = True

    def assignment(self) -> set[TopicPartition]:
        return self.assigned

    async def commit(self, offsets: dict[TopicPartition, int]) -> None:
        if self.refuses:
            self.refuses = False
            raise CommitFailedError
        self.committed.append(offsets)


async def test_a_refused_commit_is_tried_again_for_what_is_still_assigned() -> None:
    client = Refusing()
    offsets = Offsets(client)
    first, second = sorted(client.assigned)
    offsets.note({first: 5, second: 7})
    await offsets.commit()
    assert offsets.pending
    offsets.note({first: 6})
    client.assigned = {first}
    await offsets.commit()
    assert client.committed == [{first: 6}]
    assert not offsets.pending
