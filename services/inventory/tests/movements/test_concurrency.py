"""Whatever happens to one lot at the same time: ledger and balances agree, and not a stick is lost."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from itertools import count
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from humidor_inventory.testing.shop import Shop, line, make_gtin, sale

GTIN = make_gtin(77)
numbers = count(1)
lots = st.sampled_from(["A", "B", "C"])
steps = st.one_of(
    st.tuples(st.just("receive"), st.integers(0, 1), st.integers(1, 9), lots),
    st.tuples(st.just("sell"), st.integers(0, 1), st.integers(1, 6), st.none() | lots),
    st.tuples(st.just("send"), st.integers(0, 1), st.integers(1, 8), st.none() | lots),
    st.tuples(st.just("arrive"), st.integers(0, 9), st.integers(0, 4), st.integers(0, 2)),
    st.tuples(st.just("reserve"), st.integers(0, 1), st.integers(1, 5), st.none()),
    st.tuples(st.just("let go"), st.integers(0, 9), st.just(0), st.none()),
    st.tuples(st.just("write off"), st.integers(0, 1), st.integers(1, 4), lots),
    st.tuples(st.just("split"), st.integers(0, 1), st.integers(1, 5), lots),
    st.tuples(st.just("merge"), st.integers(0, 1), st.just(0), lots),
)
people = st.lists(st.lists(steps, min_size=1, max_size=7), min_size=2, max_size=4)


class World:
    """Two stores, and what the answers say has happened, in packs."""

    def __init__(self, shop: Shop, stores: Sequence[str]) -> None:
        self.shop = shop
        self.stores = stores
        self.headers = shop.auth()
        self.totals: Counter[str] = Counter()
        self.transfers: list[str] = []
        self.reservations: list[str] = []

    async def post(self, path: str, **body: Any) -> Any:
        """Give the answer, or None where it was refused for want of stock."""
        answer = await self.shop.client.post(path, json=body, headers=self.headers)
        assert answer.status_code in (200, 201, 409), answer.text
        return None if answer.status_code == 409 else answer.json()

    async def play(self, todo: Sequence[tuple[str, int, int, Any]]) -> None:
        for kind, where, packs, detail in todo:
            await getattr(self, "_" + kind.replace(" ", "_"))(where, packs, detail)

    async def _receive(self, where: int, packs: int, lot: str) -> None:
        lines = [{"gtin": GTIN, "quantity": packs, "lot": lot}]
        if await self.post("/v1/receipts", store_id=self.stores[where], lines=lines):
            self.totals["received"] += packs

    async def _sell(self, where: int, packs: int, lot: str | None) -> None:
        await self.shop.deliver(sale(line(GTIN, packs, lot=lot), store_id=self.stores[where]))
        self.totals["sold"] += packs

    async def _send(self, where: int, packs: int, lot: str | None) -> None:
        ends = {"from_store_id": self.stores[where], "to_store_id": self.stores[1 - where]}
        lines = [{"gtin": GTIN, "quantity": packs, "lot": lot}]
        sent = await self.post("/v1/transfers", **ends, lines=lines, dispatch=True)
        if sent:
            self.transfers.append(sent["transfer_id"])

    async def _arrive(self, which: int, received: int, lost: int) -> None:
        if not self.transfers or not received + lost:
            return
        path = f"/v1/transfers/{self.transfers[which % len(self.transfers)]}"
        parcels = (await self.shop.ask("GET", path))["parcels"]
        what = {"gtin": GTIN, "lot": parcels[0]["lot"], "received": received, "lost": lost}
        if await self.post(f"{path}:receive", lines=[what | {"reason": "torn"}]):
            self.totals["lost"] += lost

    async def _reserve(self, where: int, packs: int, _: None) -> None:
        kept = await self.post("/v1/reservations", store_id=self.stores[where], gtin=GTIN, quantity=packs)
        if kept:
            self.reservations.append(kept["reservation_id"])

    async def _let_go(self, which: int, _: int, __: None) -> None:
        if self.reservations:
            each = self.reservations[which % len(self.reservations)]
            await self.post(f"/v1/reservations/{each}:release", reason="not wanted")

    async def _write_off(self, where: int, packs: int, lot: str) -> None:
        why = {"reason_code": "damaged", "evidence": "seen"}
        body = {"store_id": self.stores[where], "gtin": GTIN, "lot": lot, "quantity": packs}
        if await self.post("/v1/write-offs", **body, **why):
            self.totals["written off"] += packs

    async def _split(self, where: int, packs: int, lot: str) -> None:
        body = {"store_id": self.stores[where], "gtin": GTIN, "reason": "a shelf"}
        await self.post("/v1/lots:split", **body, lot=lot, new_lot=f"{lot}2", quantity=packs)

    async def _merge(self, where: int, _: int, lot: str) -> None:
        body = {"store_id": self.stores[where], "gtin": GTIN, "reason": "a shelf"}
        await self.post("/v1/lots:merge", **body, lots=[f"{lot}2"], into=lot)


@settings(
    max_examples=50,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(people)
async def test_receipts_transfers_reservations_write_offs_splits_and_sales_at_once_lose_nothing(
    shop: Shop, todo: list[list[tuple[str, int, int, Any]]]
) -> None:
    number = next(numbers)
    stores = (f"P{number}", f"Q{number}")
    await shop.put_product(GTIN)
    for store_id in stores:
        await shop.put_store(store_id)
        await shop.receive((GTIN, 10, "A"), store_id=store_id)
    world = World(shop, stores)
    world.totals["received"] += 20
    async with asyncio.TaskGroup() as group:
        for each in todo:
            group.create_task(world.play(each))
    await shop.check()
    sticks = 0
    for store_id in stores:
        sticks += (await shop.stock(GTIN, store_id))["on_hand_sticks"]
        on_the_way = await shop.ask("GET", f"/v1/in-transit?to_store_id={store_id}")
        moving = sum(each["in_transit_sticks"] for each in on_the_way["items"])
        assert (await shop.stock(GTIN, store_id, unit="stick"))["on_order"] == moving
        sticks += moving
    told = world.totals
    assert sticks == 20 * (told["received"] - told["sold"] - told["written off"] - told["lost"])
