import asyncpg
import pytest

from humidor_inventory.testing.shop import STORE, Shop, line, sale


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE stock_ledger SET delta_sticks = 1",
        "DELETE FROM stock_ledger",
        "TRUNCATE stock_ledger",
        "DELETE FROM {partition}",
    ],
)
async def test_the_ledger_is_append_only(shop: Shop, gtin: str, statement: str) -> None:
    await shop.receive((gtin, 1, "A"))
    pool = shop.runtime.pool
    partition = await pool.fetchval("SELECT tableoid::regclass::text FROM stock_ledger LIMIT 1")
    with pytest.raises(asyncpg.RaiseError, match="append-only"):
        await pool.execute(statement.format(partition=partition))


async def test_coming_months_have_their_partition_and_a_second_call_makes_none(shop: Shop) -> None:
    pool = shop.runtime.pool
    assert await pool.fetchval("SELECT ensure_stock_ledger_partitions(3)") == 0
    assert await pool.fetchval("SELECT ensure_stock_ledger_partitions(5)") == 2
    count = await pool.fetchval("SELECT count(*) FROM pg_inherits WHERE inhparent = 'stock_ledger'::regclass")
    assert count == 7  # six months and the default


async def test_the_check_finds_a_balance_that_is_not_its_entries(shop: Shop, gtin: str) -> None:
    await shop.receive((gtin, 2, "A"))
    await shop.check()
    await shop.runtime.pool.execute("UPDATE lot_stock SET on_hand_sticks = 39")
    found = await shop.ask("GET", f"/v1/checks/ledger?store_id={STORE}")
    assert not found["equal"]
    assert [(d["figure"], d["expected_sticks"], d["actual_sticks"]) for d in found["differences"]] == [
        ("lot on hand", 40, 39),
        ("on hand", 39, 40),
    ]
    other = await shop.ask("GET", "/v1/checks/ledger?store_id=S0002")
    assert other["equal"]


async def test_the_ledger_is_paged_from_the_newest_entry_and_says_why(shop: Shop, gtin: str) -> None:
    await shop.receive((gtin, 9, "A"))
    for packs in (1, 2, 3):
        await shop.deliver(sale(line(gtin, packs)))
    path, seen, cursor = f"/v1/stock/{STORE}/{gtin}/ledger", [], ""
    while cursor is not None:
        page = await shop.ask("GET", f"{path}?limit=3&cursor={cursor}" if cursor else f"{path}?limit=3")
        seen += [entry["delta_sticks"] // 20 for entry in page["items"]]
        cursor = page["next_cursor"]
        assert page["items"][0]["why"].startswith("the ")
    assert seen == [-3, -2, -1, 9]
