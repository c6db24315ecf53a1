"""Whatever is sold, received or stolen while a store is counted, the variance is what is missing."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from itertools import count
from typing import Any

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from humidor_common.clock import utc_now
from humidor_inventory.testing.counting import Counting
from humidor_inventory.testing.shop import Shop, line, make_gtin, returned, sale

PRODUCTS = [make_gtin(1), make_gtin(2)]
LOTS = ["A", "B"]
OFF = {"packs": None, "percent": None}
stores = count(1)

steps = st.lists(
    st.tuples(
        st.sampled_from(["sell", "sell", "sell", "return", "receive", "steal", "find", "count", "count"]),
        st.integers(0, 1),
        st.sampled_from(LOTS),
        st.integers(1, 9),
        st.integers(0, 4),
    ),
    min_size=1,
    max_size=14,
)
SETTINGS = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


class World:
    """What really lies in a store, and what has happened there that the service has not been told yet.

    A place is a product, or a product's lot where lots are counted.
    """

    def __init__(self, shop: Shop, store_id: str, *, by_lot: bool) -> None:
        self.shop = shop
        self.by_lot = by_lot
        self.counting = Counting(shop, store_id=store_id)
        self.physical: dict[tuple[str, str], int] = {}
        self.lost: dict[tuple[str, str], int] = {}
        self.lost_at_count: dict[tuple[str, str], int] = {}
        self.waiting: list[tuple[int, Callable[[], Awaitable[Any]]]] = []
        self.last = utc_now()

    async def open(self) -> None:
        await self.shop.put_store(self.counting.store_id)
        for gtin in PRODUCTS:
            await self.shop.put_product(gtin)
            for lot in LOTS:
                await self.receive(gtin, lot, 20)
        await self.counting.begin(by_lot=self.by_lot, thresholds=OFF)

    def place(self, gtin: str, lot: str) -> tuple[str, str]:
        return (gtin, lot if self.by_lot else "")

    def now(self) -> datetime:
        """Give a moment after every earlier one."""
        while (moment := utc_now()) <= self.last:
            pass
        self.last = moment
        return moment

    async def receive(self, gtin: str, lot: str, packs: int) -> None:
        place = self.place(gtin, lot)
        self.physical[place] = self.physical.get(place, 0) + packs
        await self.shop.receive((gtin, packs, lot), store_id=self.counting.store_id)

    async def play(self, kind: str, gtin: str, lot: str, packs: int, delay: int) -> None:
        place = self.place(gtin, lot)
        if kind in ("sell", "steal"):
            packs = min(packs, self.physical[place])
        if kind == "count":
            await self.later(delay, self.counted(place))
        elif kind == "receive":
            await self.receive(gtin, lot, packs)
        elif packs and kind in ("sell", "return"):
            self.physical[place] += packs if kind == "return" else -packs
            await self.later(delay, self.told(kind, gtin, lot, packs))
        elif packs and not (kind == "find" and self.by_lot):
            self.physical[place] += packs if kind == "find" else -packs
            self.lost[place] = self.lost.get(place, 0) + (packs if kind == "find" else -packs)
        for left, tell in [(left - 1, tell) for left, tell in self.waiting]:
            self.waiting.pop(0)
            await self.later(left, tell)

    def told(self, kind: str, gtin: str, lot: str, packs: int) -> Callable[[], Awaitable[Any]]:
        at = self.now()
        sold = line(gtin, packs, lot=lot if self.by_lot else None)
        store_id = self.counting.store_id
        event = (
            msgspec.structs.replace(sale(sold, store_id=store_id), sold_at=at)
            if kind == "sell"
            else msgspec.structs.replace(returned(None, sold), store_id=store_id, returned_at=at)
        )
        return lambda: self.shop.deliver(event)

    def counted(self, place: tuple[str, str], by: str = "li") -> Callable[[], Awaitable[Any]]:
        at, packs = self.now(), self.physical[place]
        self.lost_at_count[place] = self.lost.get(place, 0)
        lot: dict[str, Any] = {"lot": place[1]} if place[1] else {}
        return lambda: self.counting.count(place[0], packs, by=by, at=at, **lot)

    async def later(self, delay: int, tell: Callable[[], Awaitable[Any]]) -> None:
        if delay > 0:
            self.waiting.append((delay, tell))
        else:
            await tell()

    async def catch_up(self) -> None:
        waiting, self.waiting = self.waiting, []
        for _, tell in waiting:
            await tell()

    async def settle(self) -> None:
        """Count what is uncounted, and again by somebody else what has to be; then approve."""
        for place in self.physical:
            if place not in self.lost_at_count:
                await self.counted(place)()
        state = (await self.counting.step("close"))["state"]
        if state == "recount":
            for each in await self.counting.lines():
                if each["status"] == "uncounted":
                    await self.counted((each["gtin"], each["lot"]), by="wang")()
            state = (await self.counting.step("close"))["state"]
        assert state == "review"
        await self.counting.step("approve")

    async def check(self) -> None:
        for each in await self.counting.lines():
            place = (each["gtin"], each["lot"])
            assert each["variance_sticks"] == 20 * self.lost_at_count[place]
        booked = dict.fromkeys(self.physical, 0)
        for gtin in PRODUCTS:
            for lot, (on_hand, _) in (await self.lots(gtin)).items():
                booked[self.place(gtin, lot)] += on_hand
        since = {place: self.lost.get(place, 0) - self.lost_at_count[place] for place in self.physical}
        assert booked == {place: packs - since[place] for place, packs in self.physical.items()}
        await self.shop.check()

    async def lots(self, gtin: str) -> dict[str, tuple[int, int]]:
        found = await self.shop.ask("GET", f"/v1/stock/{self.counting.store_id}/{gtin}/lots")
        return {lot["lot"]: (lot["on_hand"], lot["quarantined"]) for lot in found["items"]}


async def run(shop: Shop, during: Any, between: Any, *, by_lot: bool) -> None:
    world = World(shop, f"N{next(stores)}", by_lot=by_lot)
    await world.open()
    for kind, product, lot, packs, delay in during:
        await world.play(kind, PRODUCTS[product], lot, packs, delay)
    await world.catch_up()
    await world.settle()
    for kind, product, lot, packs, delay in between:
        if kind != "count":
            await world.play(kind, PRODUCTS[product], lot, packs, delay)
    await world.counting.step("post")
    await world.catch_up()
    await world.check()


@SETTINGS
@given(steps, steps)
async def test_movements_during_a_count_neither_make_nor_hide_a_variance(
    shop: Shop, during: Any, between: Any
) -> None:
    await run(shop, during, between, by_lot=False)


@SETTINGS
@given(steps, steps)
async def test_the_same_holds_for_each_lot_where_lots_are_scanned(
    shop: Shop, during: Any, between: Any
) -> None:
    await run(shop, during, between, by_lot=True)


async def test_a_sale_told_late_is_netted_up_to_posting_and_shown_after_it(shop: Shop) -> None:
    world = World(shop, "N0", by_lot=False)
    await world.open()
    gold, blue = PRODUCTS
    early, late = (
        msgspec.structs.replace(sale(line(gold, 3), store_id="N0"), sold_at=world.now()) for _ in "12"
    )
    for gtin, packs in ((gold, 34), (blue, 40)):
        await world.counting.count(gtin, packs, at=world.now())
    assert (await world.counting.line(gold))["variance_sticks"] == -6 * 20
    await world.counting.step("close")
    await world.counting.step("approve")
    await shop.deliver(early)
    assert (await world.counting.line(gold))["variance_sticks"] == -3 * 20
    await world.counting.step("post")
    assert (await shop.stock(gold, "N0"))["on_hand"] == 34
    await shop.deliver(late)
    assert (await world.counting.line(gold))["variance_sticks"] == -3 * 20
    record = await world.counting.get("/accuracy")
    assert (record["shrinkage_sticks"], record["late_sticks"]) == (60, 60)
