"""Whatever the order, the batches and the repeats: ledger and balances agree, and the totals are exact."""

from collections.abc import Sequence
from itertools import count
from random import Random
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from humidor_common.events import Event
from humidor_common.messaging.subscription import Received
from humidor_inventory.sales.rules import net_effect
from humidor_inventory.testing.shop import Shop, line, make_gtin, received, returned, sale, voided

PRODUCTS = 2
stores = count(1)

sales = st.lists(
    st.fixed_dictionaries(
        {
            "lines": st.lists(
                st.tuples(st.integers(0, PRODUCTS - 1), st.integers(1, 9)), min_size=1, max_size=3
            ),
            "lot": st.sampled_from([None, "A", "B", "Z"]),
            "returns": st.lists(
                st.tuples(st.integers(0, PRODUCTS - 1), st.integers(1, 9), st.booleans()), max_size=2
            ),
            "voids": st.integers(0, 2),
        }
    ),
    min_size=1,
    max_size=5,
)
receipts = st.lists(
    st.tuples(st.integers(0, PRODUCTS - 1), st.integers(1, 20), st.sampled_from(["A", "B"])), max_size=4
)


def events_of(what: dict[str, object], gtins: Sequence[str]) -> list[Event]:
    lines, lot, returns, voids = what["lines"], what["lot"], what["returns"], what["voids"]
    assert isinstance(lines, list)
    assert isinstance(returns, list)
    assert isinstance(voids, int)
    sold = sale(*(line(gtins[p], packs, line=i, lot=lot) for i, (p, packs) in enumerate(lines)))
    sale_id: UUID = sold.sale_id
    back = [returned(sale_id, line(gtins[p], packs), restock=restock) for p, packs, restock in returns]
    return [sold, *back, *(voided(sale_id) for _ in range(voids))]


def expected(what: list[dict[str, object]], came: list[tuple[int, int, str]], p: int) -> tuple[int, int]:
    on_hand, quarantined = sum(packs for product, packs, _ in came if product == p), 0
    for each in what:
        lines, returns = each["lines"], each["returns"]
        assert isinstance(lines, list)
        assert isinstance(returns, list)
        effect = net_effect(
            sum(packs for product, packs in lines if product == p),
            sum(packs for product, packs, restock in returns if product == p and restock),
            sum(packs for product, packs, restock in returns if product == p and not restock),
            voided=bool(each["voids"]),
        )
        on_hand, quarantined = on_hand + effect.on_hand, quarantined + effect.quarantined
    return on_hand, quarantined


def at(store_id: str, event: Event) -> Event:
    values = {name: getattr(event, name) for name in event.__struct_fields__}
    return type(event)(**(values | {"store_id": store_id}))


@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(sales, receipts, st.randoms(use_true_random=False))
async def test_any_schedule_comes_to_the_same_exact_stock(
    shop: Shop, what: list[dict[str, object]], came: list[tuple[int, int, str]], random: Random
) -> None:
    store_id = f"P{next(stores)}"
    await shop.put_store(store_id)
    gtins = [make_gtin(100 + p) for p in range(PRODUCTS)]
    for each in gtins[:-1]:
        await shop.put_product(each)
    messages = [received(at(store_id, event)) for each in what for event in events_of(each, gtins)]
    messages += random.sample(messages, len(messages) // 2)
    steps: list[Received | tuple[int, int, str] | str] = [*messages, *came]
    random.shuffle(steps)
    if random.random() < 0.5:
        steps.insert(random.randrange(len(steps) + 1), gtins[-1])  # the product may be registered late
    else:
        steps.insert(0, gtins[-1])
    await play(shop, store_id, steps, random)
    for p, each in enumerate(gtins):
        stock = await shop.stock(each, store_id)
        found = (stock["on_hand"], stock["quarantined"]) if stock else (0, 0)
        assert found == expected(what, came, p)
    await shop.check()


async def play(
    shop: Shop, store_id: str, steps: Sequence[Received | tuple[int, int, str] | str], random: Random
) -> None:
    """Take the steps in order, events in batches of random size."""
    late = next(step for step in steps if isinstance(step, str))
    registered, batch, waiting = False, list[Received](), list[tuple[int, int, str]]()
    for step in steps:
        if isinstance(step, Received):
            batch.append(step)
            if random.random() < 0.6:
                continue
        await shop.deliver_again(batch)
        batch = []
        if isinstance(step, str):
            await shop.put_product(step)
            registered = True
        if isinstance(step, tuple):
            waiting.append(step)
        for p, packs, lot in [each for each in waiting if registered or make_gtin(100 + each[0]) != late]:
            goods = {"gtin": make_gtin(100 + p), "quantity": packs, "lot": lot, "confirm": True}
            await shop.receive(store_id=store_id, lines=[goods])
            waiting.remove((p, packs, lot))
    await shop.deliver_again(batch)
