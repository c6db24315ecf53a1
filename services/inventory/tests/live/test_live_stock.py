"""Whoever listens sees the stock as it is, then every change, whichever process makes it."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
import uvicorn

from humidor_common.auth.tokens import InvalidToken
from humidor_common.testing.plugin import SettingsFor
from humidor_common.testing.running import running
from humidor_common.web.app import create_app
from humidor_common.web.server import BoundedHttp
from humidor_inventory.app import SERVICE
from humidor_inventory.live import api as live_api
from humidor_inventory.live import feed as live_feed
from humidor_inventory.live.feed import StockFeed
from humidor_inventory.live.rules import frames, resumable
from humidor_inventory.testing.shop import STORE, Shop, line, make_gtin, sale

PATIENCE_SECONDS = 20


class Stream:
    """An open stream, read event by event."""

    def __init__(self, answer: httpx.Response) -> None:
        self.answer = answer
        self.lines = answer.aiter_lines()
        self.last_id: str | None = None

    async def next(self) -> tuple[str, Any]:
        """Give the next event; a comment is the event `heartbeat`."""
        name = ""
        async with asyncio.timeout(PATIENCE_SECONDS):
            async for text in self.lines:
                field, _, value = text.partition(": ")
                if text.startswith(": "):
                    return "heartbeat", None
                if field == "id":
                    self.last_id = value
                elif field == "event":
                    name = value
                elif field == "data":
                    return name, json.loads(value)
        raise AssertionError("the stream has ended")

    async def until(self, gtin: str, on_hand: int) -> None:
        """Read until the product has so much."""
        while True:
            _, document = await self.next()
            if any((i["gtin"], i["on_hand"]) == (gtin, on_hand) for i in (document or {}).get("items", ())):
                return


class Live:
    """A process of the service on a socket, and one beside it in which changes are made."""

    def __init__(self, url: str, feed: StockFeed, shop: Shop) -> None:
        self.url = url
        self.feed = feed
        self.shop = shop

    @contextlib.asynccontextmanager
    async def listen(
        self, query: str = f"store_id={STORE}", headers: dict[str, str] | None = None, *, expect: int = 200
    ) -> AsyncIterator[Stream]:
        own = self.shop.auth() | (headers or {})
        async with (
            httpx.AsyncClient(base_url=self.url, timeout=PATIENCE_SECONDS) as client,
            client.stream("GET", f"/v1/stock:stream?{query}", headers=own) as answer,
        ):
            assert answer.status_code == expect, await answer.aread()
            yield Stream(answer)


@pytest.fixture
async def live(settings_for: SettingsFor, auth: Callable[..., dict[str, str]]) -> AsyncIterator[Live]:
    settings = settings_for(SERVICE, bus=False)
    app = create_app(SERVICE, settings)
    config = uvicorn.Config(
        app, port=0, http=BoundedHttp, log_config=None, timeout_graceful_shutdown=1, access_log=False
    )
    server = uvicorn.Server(config)
    async with running(SERVICE, settings) as beside:
        task = asyncio.create_task(server._serve())
        while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(0.005)
        port = server.servers[0].sockets[0].getsockname()[1]
        shop = Shop(beside.runtime, beside.client, auth)
        await shop.put_store()
        try:
            yield Live(f"http://127.0.0.1:{port}", app.state.runtime.get(StockFeed), shop)
        finally:
            server.should_exit = True
            await task


async def test_a_snapshot_comes_first_and_then_what_changes_in_any_process(live: Live) -> None:
    gtin, other, shop = make_gtin(1), make_gtin(2), live.shop
    for each in (gtin, other):
        await shop.put_product(each)
    await shop.receive((gtin, 10, "A"), (other, 3, "A"))
    async with live.listen() as stream, live.listen(f"store_id={STORE}&gtin={other[1:]}&unit=carton") as only:
        assert stream.answer.headers["Content-Type"].startswith("text/event-stream")
        name, snapshot = await stream.next()
        assert (name, snapshot["complete"], snapshot["reason"]) == ("snapshot", True, "start")
        assert [(item["gtin"], item["on_hand"]) for item in snapshot["items"]] == [(gtin, 10), (other, 3)]
        assert snapshot["items"][0] == await shop.stock(gtin)
        _, cartons = await only.next()
        assert [(item["gtin"], item["loose_sticks"]) for item in cartons["items"]] == [(other, 60)]
        await shop.deliver(sale(line(gtin, 4)))
        name, changed = await stream.next()
        assert (name, [(item["gtin"], item["on_hand"]) for item in changed["items"]]) == (
            "changed",
            [(gtin, 6)],
        )
        level = {"reorder_point": 2, "order_up_to": 9}
        await shop.ask("PUT", f"/v1/levels/{STORE}/{gtin}", json=level, expect=201)
        assert (await stream.next())[1]["items"][0]["reorder_point"] == 2
        await shop.ask("POST", f"/v1/stock/{STORE}/{gtin}/lots/A:hold", json={"reason": "mould"})
        assert (await stream.next())[1]["items"][0]["sellable"] == 0
        await shop.receive((other, 7, "A"))
        _, cartons = await only.next()
        assert (cartons["items"][0]["on_hand"], len(cartons["items"])) == (1, 1)
    while live.feed.listening:  # noqa: ASYNC110 - the feed has no event for it
        await asyncio.sleep(0.01)


async def test_a_stream_that_was_cut_goes_on_and_one_of_another_process_begins_again(live: Live) -> None:
    gtin, other, shop = make_gtin(1), make_gtin(2), live.shop
    for each in (gtin, other):
        await shop.put_product(each)
    await shop.receive((gtin, 10, "A"), (other, 3, "A"))
    async with live.listen() as stream:
        await stream.next()
        last_id = stream.last_id or ""
        async with live.listen() as beside:
            await beside.next()
            await shop.deliver(sale(line(gtin, 1)))
            await beside.until(gtin, 9)
    headers = {"Last-Event-ID": last_id}
    async with live.listen(headers=headers) as again:
        name, missed = await again.next()
        assert (name, [item["gtin"] for item in missed["items"]]) == ("changed", [gtin])
    for foreign in ("ffffffff-1", "nonsense", f"{live.feed.epoch}-99999"):
        async with live.listen(headers={"Last-Event-ID": foreign}) as anew:
            name, snapshot = await anew.next()
            assert (name, snapshot["reason"], len(snapshot["items"])) == ("snapshot", "too-old", 2)


async def test_what_no_notification_told_is_found_by_looking_again(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    gtin, shop = make_gtin(1), live.shop
    await shop.put_product(gtin)
    await shop.receive((gtin, 10, "A"))
    monkeypatch.setattr(live_feed, "POLL_SECONDS", 0.05)
    monkeypatch.setattr(live_api, "HEARTBEAT_SECONDS", 0.2)
    async with live.listen() as stream:
        await stream.next()
        await shop.runtime.pool.execute("UPDATE stock SET on_order_sticks = 400")
        while (event := await stream.next())[0] != "changed":
            assert event[0] == "heartbeat"
        assert event[1]["items"][0]["on_order"] == 20
        await shop.runtime.pool.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'live-stock'"
            " AND datname = current_database()"
        )
        await shop.deliver(sale(line(gtin, 1)))
        await stream.until(gtin, 9)


async def test_who_listens_is_checked_and_checked_again(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = live.shop
    mine = shop.auth("clerk", stores=[STORE])
    for query, headers, status in (
        (f"store_id={STORE}", {"Authorization": "Bearer x"}, 401),
        ("store_id=S0002", mine, 403),
        (f"store_id={STORE}&store_id=S0002", mine, 403),
        ("", {}, 422),
        (f"store_id={STORE}&gtin=123", {}, 422),
        ("&".join(f"store_id=S{n}" for n in range(51)), {}, 422),
    ):
        async with live.listen(query, headers, expect=status):
            pass
    assert live.feed.listening == 0
    monkeypatch.setattr(live_api, "HEARTBEAT_SECONDS", 0.05)
    async with live.listen("", mine) as stream:
        assert (await stream.next())[1]["items"] == []
        assert (await stream.next())[0] == "heartbeat"

        async def refuse(_: str) -> None:
            raise InvalidToken("expired")

        monkeypatch.setattr("humidor_common.auth.tokens.TokenVerifier.verify", lambda _, token: refuse(token))
        while (event := await stream.next())[0] == "heartbeat":
            pass
        assert event[0] == "end"


async def test_a_slow_reader_holds_no_more_than_the_newest_of_each_product() -> None:
    listener = live_feed.Listener([STORE], None)
    for number in range(1, 1000):
        listener.put(number, [(STORE, gtin, number) for gtin in ("a", "b")])
    assert listener.take() == (999, [(STORE, "a", 999), (STORE, "b", 999)])
    assert listener.take()[1] == []


def test_a_long_list_goes_out_in_parts_and_only_the_last_can_be_resumed() -> None:
    parts = frames("snapshot", list(range(450)), "e-7", reason="start")
    assert [part.startswith(b"id: e-7\n") for part in parts] == [False, False, True]
    assert [b'"complete":true' in part for part in parts] == [False, False, True]
    assert [resumable(given, "e") for given in ("e-7", "f-7", "e-x", "7", None)] == [
        7,
        None,
        None,
        None,
        None,
    ]
