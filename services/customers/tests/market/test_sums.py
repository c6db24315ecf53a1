"""Sums of the market: kept by bits they are those made anew, and adding up arrays is adding up by hand."""

import random
from collections import defaultdict
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from humidor_customers.jobs.working import Job, work_once
from humidor_customers.market import cubes
from humidor_customers.market.axes import Prices
from humidor_customers.market.cubes import Named
from humidor_customers.market.reading import Sent, Sold, Wanted, decode
from humidor_customers.market.rebuilding import KIND
from humidor_customers.testing.desk import Desk
from humidor_customers.testing.selling import know, market_sums, returned, sale, sell, sum_market, voided
from humidor_customers.working import HANDLERS

BOUGHT = """
SELECT local_day, store_id, kind = 'order', currency, gtin,
       coalesce(sum(sticks) FILTER (WHERE sound), 0)::bigint,
       coalesce(sum(net_minor) FILTER (WHERE sound), 0)::bigint,
       count(DISTINCT document_id) FILTER (WHERE sound AND kind <> 'return'),
       count(*) FILTER (WHERE NOT sound)
FROM purchases, LATERAL (SELECT abs(sticks) <= 10^9 AND abs(net_minor) <= 10^13) s(sound)
GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5
"""


def events(chance: random.Random) -> list[Any]:
    """Make sales on some days around the ends of months and quarters, some given back, some undone."""
    found: list[Any] = []
    for _ in range(12):
        moment = chance.choice(
            ["2026-09-30 23:30", "2026-10-01 00:10", "2026-10-05 12:00", "2025-12-31 09:00"]
        )
        packs = [
            (chance.randint(1, 4), chance.choice([1, 2, 10**12]), 2500) for _ in range(chance.randint(1, 3))
        ]
        sold = sale(f"S000{chance.randint(1, 3)}", moment, packs)
        found.append(sold)
        if chance.random() < 0.4:
            found.append(returned(sold, [(packs[0][0], 1, 2500)], hours=chance.choice([1, 30])))
        elif chance.random() < 0.3:
            found.append(voided(sold))
    return found


@pytest.mark.parametrize("seed", range(4))
async def test_sums_kept_in_any_order_are_those_made_anew(desk: Desk, seed: int) -> None:
    chance = random.Random(seed)
    await know(desk, p1=("Harbour", "North", "1"), p2=("River", "South", "2"))
    told = events(chance)
    chance.shuffle(told)
    moves = [["S0001"], ["S0001", "S0002"], ["S0002"], []]
    while told:
        batch, told = told[:5], told[4:] if chance.random() < 0.5 and len(told) > 5 else told[5:]
        await sell(desk, *batch)
        if chance.random() < 0.6:
            await sum_market(desk)
        await desk.put("R1", trade_area=chance.choice(["town", "village"]), store_ids=chance.choice(moves))
    await sum_market(desk)
    kept = await market_sums(desk)
    bought = [tuple(row) for row in await desk.runtime.pool.fetch(BOUGHT)]
    assert kept["market_days_of_stores"] == bought
    assert {len(rows) > 0 for rows in kept.values()} == {True}
    by_place = await _areas(desk)
    job = await desk.ask("POST", "/v1/market:rebuild", expect=202)
    assert await work_once(desk.runtime.pool, HANDLERS)
    done = await desk.ask("GET", f"/v1/jobs/{job['job_id']}")
    assert (done["state"], done["progress"], done["result"]) == ("done", 1, {"stores": 4})
    assert await market_sums(desk) == kept
    assert await _areas(desk) == by_place


async def test_a_rebuild_that_is_cancelled_drops_nothing_or_leaves_the_rest_to_the_worker(desk: Desk) -> None:
    await sell(
        desk,
        sale("S0001", "2026-10-05 12:00", [(1, 1, 2500)]),
        sale("S0002", "2026-10-06 12:00", [(1, 1, 900)]),
    )
    await sum_market(desk)
    kept, pool = await market_sums(desk), desk.runtime.pool
    job = await desk.ask("POST", "/v1/market:rebuild", expect=202)
    assert (await desk.ask("POST", "/v1/market:rebuild", expect=409))["code"] == "rebuild-under-way"
    await desk.ask("POST", f"/v1/jobs/{job['job_id']}:cancel")
    assert not await work_once(pool, HANDLERS)
    assert await market_sums(desk) == kept

    job = await desk.ask("POST", "/v1/market:rebuild", expect=202)

    async def rebuild_and_be_cancelled(under_way: Job) -> Any:
        say = under_way.say

        def cancelled_once_it_sums(progress: float, stage: str) -> None:
            under_way.lost = stage == "summing"
            say(progress, stage)

        under_way.say = cancelled_once_it_sums  # type: ignore[method-assign]
        return await HANDLERS[KIND](under_way)

    assert await work_once(pool, {KIND: rebuild_and_be_cancelled})
    assert not (await market_sums(desk))["market_days_of_all"]
    await sum_market(desk)
    assert await market_sums(desk) == kept


async def _areas(desk: Desk) -> Any:
    asked = {
        "since": "2025-12-01",
        "until": "2026-11-20",
        "by": "area",
        "within": "product",
        "period": "month",
    }
    return (await desk.ask("GET", "/v1/market/shares", params=asked | {"limit": 1000}))["items"]


async def test_figures_are_packed_and_read_as_they_were(desk: Desk) -> None:
    figures = [-(2**62), -(2**40), -1, 0, 1, 2**31, 2**32 - 1, 2**62]
    products = [-7, 1, 2, 3, 4, 2**31 - 1, -(2**31), 8]
    rows = await desk.runtime.pool.fetch(
        """SELECT string_agg(int4send(p), '') AS products, string_agg(int8send(s), '') AS sticks
           FROM unnest($1::int[], $2::bigint[]) v(p, s)""",
        products,
        figures,
    )
    packed = {name: bytes(rows[0][name]) for name in ("products", "sticks")}
    unpacked = await desk.runtime.pool.fetch(
        """SELECT * FROM market_unpack($1, $2, $2, $1, $1)
           UNION ALL SELECT * FROM market_unpack($1, $2, $2, $1, NULL)""",
        packed["products"],
        packed["sticks"],
    )
    both = zip(products * 2, figures * 2, figures * 2, products * 2, [*products, *[0] * 8], strict=True)
    assert [tuple(row) for row in unpacked] == list(both)
    four = np.array([7, 9], ">i4").tobytes(), np.array([8, 1], ">i4").tobytes()
    row = {
        "currency": "CNY",
        "holder": four[0],
        "sizes": four[1],
        "products": packed["products"] + np.array([5], ">i4").tobytes(),
        "sticks": packed["sticks"] + np.array([-6], ">i8").tobytes(),
        "left_out": np.array([3], ">i4").tobytes(),
        "left_out_sizes": np.array([0, 1], ">i4").tobytes(),
    }
    wanted = Wanted("stores", None, True, ("sticks", "left_out"))
    sold = decode([Sent(row, [0, 2])], wanted)
    assert sold.sticks.tolist() == [*figures, -6] * 2
    assert sold.product.tolist() == [*products, 5] * 2
    assert sold.left_out.tolist() == [*[0] * 8, 3] * 2
    assert sold.holder.tolist() == [*[7] * 8, 9] * 2
    assert sold.span.tolist() == [0] * 9 + [2] * 9
    assert decode([], wanted).sticks.tolist() == []


class Element(NamedTuple):
    span: int
    currency: int
    holder: int
    product: int
    sticks: int
    net_minor: int


ELEMENTS = st.lists(
    st.builds(
        Element,
        *(st.integers(0, most) for most in (1, 1, 5, 4)),
        st.integers(-3, 5),
        st.integers(-(10**13), 10**13),
    ),
    max_size=40,
)
BRAND_OF, AREA_OF = [0, 1, 0, 2, 1], [0, 1, 0, 1, 1, 0]


def named(elements: Sequence[Element]) -> Named:
    columns: list[Any] = [np.array(column, np.int64) for column in zip(*elements, strict=True)]
    columns = columns or [np.zeros(0, np.int64)] * len(Element._fields)
    nothing: Any = np.zeros_like(columns[0])
    sold = Sold(["CNY", "HKD"], *columns, *[nothing, nothing])
    return Named(
        sold,
        np.array(AREA_OF, np.int64)[sold.holder],
        np.array(BRAND_OF, np.int64)[sold.product],
        ["", "town"],
        ["", "Harbour", "River"],
    )


def by_hand(elements: Sequence[Element], *what: Any) -> dict[tuple[int, ...], tuple[int, int]]:
    found: dict[tuple[int, ...], list[int]] = defaultdict(lambda: [0, 0])
    for each in elements:
        sums = found[tuple(of(each) for of in what)]
        sums[0] += each.sticks
        sums[1] += each.net_minor
    return {key: (sums[0], sums[1]) for key, sums in sorted(found.items())}


def span(each: Element) -> int:
    return each.span


def currency(each: Element) -> int:
    return each.currency


def area(each: Element) -> int:
    return AREA_OF[each.holder]


def brand(each: Element) -> int:
    return BRAND_OF[each.product]


@pytest.mark.parametrize("dense", [8_000_000, 0])
@settings(max_examples=150, deadline=None)
@given(elements=ELEMENTS)
def test_cells_are_sums_by_hand(elements: list[Element], dense: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cubes, "_MOST_DENSE", dense)
        prices = Prices(
            np.full(5, 200.0), np.array([100.0, np.nan, 50.0, 10.0, np.nan]), ["CNY", "", "HKD", "CNY", ""]
        )
        cells = cubes.sum_cells(named(elements), prices)
    hand = {key: sums for key, sums in by_hand(elements, span, area, currency, brand).items() if any(sums)}
    columns = (cells.span, cells.within, cells.currency, cells.key, cells.sticks, cells.net_minor)
    assert list(zip(*(each.tolist() for each in columns), strict=True)) == [
        (*key, *sums) for key, sums in hand.items()
    ]
    assert cells.valued
    for row, key in enumerate(hand):
        of = [e for e in elements if (e.span, area(e), e.currency, brand(e)) == key]
        assert cells.valued.cartons[row] == pytest.approx(sum(e.sticks for e in of) / 200)
        priced = [e for e in of if prices.currency[e.product] == ["CNY", "HKD"][e.currency]]
        assert np.isnan(cells.valued.wholesale_minor[row]) == (not priced)
        if priced:
            assert cells.valued.priced_minor[row] == sum(e.net_minor for e in priced)


@settings(max_examples=150, deadline=None)
@given(ELEMENTS)
def test_spread_and_pairs_are_counted_by_hand(elements: list[Element]) -> None:
    groups, wholes = cubes.spread(named(elements))
    stores = by_hand(elements, span, currency, lambda e: e.holder)
    own = by_hand(elements, span, area, brand, currency, lambda e: e.holder)
    expected: dict[tuple[int, ...], list[int]] = {}
    for (s, a, b, c, h), (y, _) in own.items():
        x, v = stores[s, c, h]
        if x > 0:
            sums = expected.setdefault((s, a, b, c), [0] * 6)
            for n, figure in enumerate((y > 0, y, x * (y > 0), v * (y > 0), y * y, x * y)):
                sums[n] += figure
    assert list(zip(*(each.tolist() for each in groups.parts), strict=True)) == list(expected)
    assert np.array_equal(np.array(groups[1:]).T, np.array(list(expected.values())).reshape(-1, 6))
    assert wholes.stores.sum() == sum(x > 0 for x, _ in stores.values())
    carried = cubes.carry(named(elements))
    pairs = by_hand(elements, lambda e: e.holder, lambda e: e.product, span, currency)
    sold = {(AREA_OF[h], BRAND_OF[p], h, p, s) for (h, p, s, _), (sticks, _) in pairs.items() if sticks > 0}
    for row, (a, b) in enumerate(zip(*(each.tolist() for each in carried.parts), strict=True)):
        of = {each[2:] for each in sold if each[:2] == (a, b)}
        assert carried.carried[row] == len({each[:2] for each in of})
        assert carried.active[row] == len({each[:2] for each in of if each[2] == 0})
        assert carried.carried_products[row] == len({each[1] for each in of})
        assert carried.active_products[row] == len({each[1] for each in of if each[2] == 0})
