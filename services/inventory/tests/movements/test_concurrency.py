"""Whatever happens to one lot at the same time: ledger and balances agree, and not a stick is lost."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from itertools import count
from typing import Any
from uuid import uuid4

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from humidor_common.events.inventory import LotChanged
from humidor_common.messaging.subscription import Received
from humidor_inventory.testing.shop import Shop, line, make_gtin, received, sale

GTIN, KIT = make_gtin(77), make_gtin(78)
EXPIRES = {"A": "2099-01-01", "B": "2098-06-01"}
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
    st.tuples(st.just("hold"), st.integers(0, 1), st.integers(0, 1), lots),
    st.tuples(st.just("sell again"), st.integers(0, 9), st.integers(0, 1), st.none()),
    st.tuples(st.just("count"), st.integers(0, 1), st.integers(0, 12), st.none()),
    st.tuples(st.just("make up"), st.integers(0, 1), st.integers(1, 3), st.booleans()),
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
        self.sales: list[Received] = []
        self.kits: dict[str, str] = {}

    async def post(self, path: str, **body: Any) -> Any:
        """Give the answer, or None where it was refused for want of stock."""
        answer = await self.shop.client.post(path, json=body, headers=self.headers)
        assert answer.status_code in (200, 201, 409), answer.text
        return None if answer.status_code == 409 else answer.json()

    async def play(self, todo: Sequence[tuple[str, int, int, Any]]) -> None:
        for kind, where, packs, detail in todo:
            await getattr(self, "_" + kind.replace(" ", "_"))(where, packs, detail)

    async def _receive(self, where: int, packs: int, lot: str) -> None:
        lines = [{"gtin": GTIN, "quantity": packs, "lot": lot, "expiry_date": EXPIRES.get(lot)}]
        if await self.post("/v1/receipts", store_id=self.stores[where], lines=lines):
            self.totals["received"] += packs

    async def _sell(self, where: int, packs: int, lot: str | None) -> None:
        sold = received(sale(line(GTIN, packs, lot=lot), store_id=self.stores[where]))
        self.sales.append(sold)
        self.totals["sold"] += packs
        await self.shop.deliver_again([sold])

    async def _sell_again(self, which: int, anew: int, _: None) -> None:
        """Deliver a sale once more, as the broker does, or as one that was told twice."""
        if self.sales:
            sold = self.sales[which % len(self.sales)]
            await self.shop.deliver_again([received(sold.event) if anew else sold])

    async def _hold(self, where: int, release: int, lot: str) -> None:
        path = f"/v1/stock/{self.stores[where]}/{GTIN}/lots/{lot}:{'release' if release else 'hold'}"
        answer = await self.shop.client.post(path, json={"reason": "looked at"}, headers=self.headers)
        assert answer.status_code in (200, 404, 409), answer.text

    async def _count(self, where: int, packs: int, _: None) -> None:
        """Count the product in a stocktake of its own, and post whatever was found."""
        store_id = self.stores[where]
        ma, li = (self.shop.auth(role, subject=role) for role in ("manager", "clerk"))
        body = {"store_id": store_id, "kind": "cycle", "gtins": [GTIN]}
        made = await self.shop.client.post("/v1/stocktakes", json=body, headers=ma)
        if made.status_code == 409:
            return
        path = f"/v1/stocktakes/{made.json()['stocktake_id']}"
        await self.shop.ask("POST", f"{path}:start", headers=ma)
        count = {"count_id": str(uuid4()), "gtin": GTIN, "quantity": packs}
        await self.shop.ask("POST", f"{path}/counts", json=count, headers=li, expect=201)
        closed = await self.shop.ask("POST", f"{path}:close", headers=ma)
        if closed["state"] != "review":  # the count looks like one of cartons
            await self.shop.ask("POST", f"{path}:cancel", json={"reason": "again later"}, headers=ma)
            return
        for step in ("approve", "post"):
            await self.shop.ask("POST", f"{path}:{step}", headers=ma)

    async def _make_up(self, where: int, kits: int, apart: bool) -> None:
        """Make kits of two packs, or take the last ones apart."""
        store_id = self.stores[where]
        if not apart:
            body = {"store_id": store_id, "quantity": kits}
            made = await self.post(f"/v1/kits/{KIT}:assemble", **body)
            if made:
                self.kits[store_id] = made["lot"]
        elif store_id in self.kits:
            body = {"store_id": store_id, "quantity": kits, "lot": self.kits[store_id]}
            await self.post(f"/v1/kits/{KIT}:disassemble", **body)

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
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(people)
async def test_whatever_happens_to_one_lot_at_once_nothing_is_lost_and_tills_hear_how_it_is(
    shop: Shop, todo: list[list[tuple[str, int, int, Any]]]
) -> None:
    number = next(numbers)
    stores = (f"P{number}", f"Q{number}")
    await shop.put_product(GTIN)
    await shop.put_product(KIT, sticks_per_pack=40)
    kit = {"components": [{"gtin": GTIN, "quantity": 2}]}
    await shop.client.put(f"/v1/kits/{KIT}", json=kit, headers=shop.auth())
    for store_id in stores:
        await shop.put_store(store_id)
        first = {"gtin": GTIN, "quantity": 10, "lot": "A", "expiry_date": EXPIRES["A"]}
        body = {"store_id": store_id, "lines": [first]}
        await shop.ask("POST", "/v1/receipts", json=body, expect=201)
    world = World(shop, stores)
    world.totals["received"] += 20
    async with asyncio.TaskGroup() as group:
        for each in todo:
            group.create_task(world.play(each))
    await shop.check()
    await heard(shop, stores)
    sticks = -await corrected(shop, stores)
    for store_id in stores:
        for gtin in (GTIN, KIT):
            stock = await shop.stock(gtin, store_id)
            sticks += stock["on_hand_sticks"] if stock else 0
        on_the_way = await shop.ask("GET", f"/v1/in-transit?to_store_id={store_id}")
        moving = sum(each["in_transit_sticks"] for each in on_the_way["items"])
        assert (await shop.stock(GTIN, store_id, unit="stick"))["on_order"] == moving
        sticks += moving
    told = world.totals
    assert sticks == 20 * (told["received"] - told["sold"] - told["written off"] - told["lost"])


async def corrected(shop: Shop, stores: Sequence[str]) -> int:
    """Add up what stocktakes have put right, in sticks."""
    sticks: int = await shop.runtime.pool.fetchval(
        """SELECT coalesce(sum(delta_sticks), 0)::bigint FROM stock_ledger
           WHERE store_id = ANY($1::text[]) AND explanation = 'stocktake'""",
        list(stores),
    )
    return sticks


async def heard(shop: Shop, stores: Sequence[str]) -> None:
    """Check that the newest that tills heard of each lot is how it is, and that versions count up by one."""
    pool = shop.runtime.pool
    rows = await pool.fetch(
        """SELECT payload FROM outbox
           WHERE type = $1 AND split_part(key, '/', 1) = ANY($2::text[]) ORDER BY id""",
        LotChanged.TYPE,
        list(stores),
    )
    told: dict[tuple[str, str, str], list[LotChanged]] = {}
    for row in rows:
        event = msgspec.json.decode(row["payload"], type=LotChanged)
        told.setdefault((event.store_id, event.gtin, event.lot), []).append(event)
    lots = await pool.fetch(
        "SELECT * FROM lot_stock WHERE store_id = ANY($1::text[]) AND lot <> ''", list(stores)
    )
    for lot in lots:
        assert lot["on_hand_sticks"] >= 0
        events = told.pop((lot["store_id"], lot["gtin"], lot["lot"]), [])
        assert [event.version for event in events] == list(range(1, lot["version"] + 1))
        matters = lot["held"] or lot["expiry_date"] is not None
        assert events or not (matters and lot["on_hand_sticks"])
        for event in events[-1:]:
            assert (event.in_stock, event.held) == (lot["on_hand_sticks"] > 0, lot["held"])
            assert event.expiry_date == lot["expiry_date"]
    assert not told
