"""Dead targets, slow targets, dead workers: nothing is lost, nothing else waits, the end is parked."""

import asyncio
from datetime import timedelta
from itertools import pairwise
from typing import Any

import httpx
from aiohttp import web

from humidor_common.db.transaction import transaction
from humidor_common.delivery import claims
from humidor_common.delivery.channels import Claimed
from humidor_common.delivery.retries import Outcome
from humidor_common.delivery.sender import Sender
from humidor_common.delivery.tables import ALLOW_OWN
from humidor_common.testing.receiving import Call, Receiver


async def test_a_dead_target_is_tried_ever_less_often_and_then_parked(post: Any) -> None:
    await post.put("webhook", "http://127.0.0.1:1/in")
    waits = []
    begun = post.now
    while (await post.states())[0][0] == "pending":
        due = await post.pool.fetchval("SELECT due_at FROM deliveries")
        assert await post.send(after_seconds=(due - post.now).total_seconds() - 0.001) == 0
        assert await post.send(after_seconds=0.001) == 1
        waits.append((post.now - begun).total_seconds())
    gaps = [later - earlier for earlier, later in pairwise(waits)]
    assert (len(waits), await post.states()) == (8, [("parked", 8)])
    assert all(later > 1.9 * earlier for earlier, later in pairwise(gaps))
    assert (await post.reason()).startswith("ConnectError")
    log = await post.pool.fetch("SELECT outcome FROM delivery_attempts ORDER BY attempt")
    assert [row[0] for row in log] == ["failed"] * 8
    assert await post.send(after_seconds=10**6) == 0


async def test_a_target_that_is_gone_or_private_is_parked_at_once(post: Any, receiver: Receiver) -> None:
    receiver.answer = lambda _: web.Response(status=410)
    await post.put("webhook", receiver.url)
    await post.send()
    assert await post.states() == [("parked", 1)]
    post.configure(delivery_private_targets=False)
    await post.put("webhook", "https://localhost/in")
    await post.put("webhook", "https://hooks.example.com/in", secret="whsec_not base64")
    await post.send()
    assert (await post.states())[1:] == [("parked", 1), ("parked", 1)]
    assert len(receiver.calls) == 1


async def test_a_receiver_that_asks_for_time_gets_it(post: Any, receiver: Receiver) -> None:
    receiver.answers = [lambda _: web.Response(status=429, headers={"Retry-After": "120"})]
    await post.put("webhook", receiver.url)
    assert [await post.send(), await post.send(after_seconds=119), await post.send(after_seconds=1)] == [
        1,
        0,
        1,
    ]
    assert await post.states() == [("sent", 2)]


async def test_a_target_that_hangs_keeps_no_other_waiting(post: Any, receiver: Receiver) -> None:
    hung: list[asyncio.StreamWriter] = []

    async def hang(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        hung.append(writer)

    server = await asyncio.start_server(hang, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    for _ in range(30):
        await post.put("webhook", f"http://127.0.0.1:{port}/")
    for n in range(20):
        await post.put("webhook", f"{receiver.url}/{n}")
    arrived = asyncio.Event()

    def answer(_: Call) -> web.Response:
        if len(receiver.calls) == 20:
            arrived.set()
        return web.Response()

    receiver.answer = answer
    sending = asyncio.create_task(post.sender.run())
    async with asyncio.timeout(20):
        await arrived.wait()
    assert len(hung) <= 4
    sending.cancel()
    await asyncio.gather(sending, return_exceptions=True)
    for writer in hung:
        writer.close()
    server.close()
    assert sorted(int(call.path[1:]) for call in receiver.calls) == list(range(20))


async def test_what_a_dead_worker_had_taken_goes_out_under_the_same_id(post: Any, receiver: Receiver) -> None:
    await post.put("webhook", receiver.url)
    async with transaction(post.pool) as conn:
        lease = post.now + timedelta(seconds=60)
        (taken,) = await claims.claim(conn, now=post.now, lease_until=lease, busy=[], limits=(16, 4))
    assert [await post.send(), await post.send(after_seconds=60)] == [0, 1]
    assert receiver.calls[0].headers["webhook-id"] == str(taken.delivery_id)
    failed = Outcome(result="failed", detail="the dead one comes back late")
    async with transaction(post.pool) as conn:
        await claims.settle(conn, taken, failed, state="pending", due_at=post.now, now=post.now)
    assert await post.states() == [("sent", 2)]


async def test_several_senders_at_once_send_each_message_once(post: Any, receiver: Receiver) -> None:
    for n in range(60):
        await post.put("webhook", f"{receiver.url}/{n}")
    made = await asyncio.gather(*(post.sender.send_due() for _ in range(3)))
    assert (sum(made), len(receiver.calls)) == (60, 60)
    assert await post.states() == [("sent", 1)] * 60


async def test_what_was_sent_long_ago_is_forgotten_and_what_is_parked_is_not(
    post: Any, receiver: Receiver
) -> None:
    await post.put("webhook", receiver.url)
    await post.put("webhook", "ftp://nowhere")
    await post.send()
    for days, left in ((29, 2), (2, 1)):
        post.now += timedelta(days=days)
        async with transaction(post.pool) as conn:
            assert await claims.prune(conn, now=post.now) is False
        assert len(await post.states()) == left
    assert await post.states() == [("parked", 1)]


async def test_a_service_sends_in_its_own_way_what_it_must_not_leave_here(post: Any) -> None:
    await post.pool.execute(ALLOW_OWN)
    outcomes = [Outcome(result="failed", detail="busy"), Outcome(result="sent")]
    seen: list[Any] = []

    async def own(_: httpx.AsyncClient, message: Claimed) -> Outcome:
        seen.append((message.attempt, message.body))
        return outcomes[message.attempt - 1]

    await post.put("own", "account", body={"id": 7})
    sender = Sender(post.pool, post.settings, own=own, clock=lambda: post.now)
    assert await sender.send_due() == 1
    post.now += timedelta(minutes=1)
    assert await sender.send_due() == 1
    assert seen == [(1, {"id": 7}), (2, {"id": 7})]
    await post.put("own", "account", body={"id": 8})
    await post.send()
    assert await post.states() == [("sent", 2), ("parked", 1)]
    assert await post.pool.fetchval("SELECT reason FROM deliveries WHERE state = 'parked'") == (
        "this service has no way of its own to send"
    )
