"""Documents with their lines within: what the view gives, what is mended in them, how they came to be."""

import asyncio
from datetime import UTC, date, datetime
from typing import Any

import asyncpg

from humidor_common.db.migrate import upgrade
from humidor_common.events.inventory import UnitGtin
from humidor_common.testing.plugin import MakeDatabase
from humidor_customers.catalogue.consumers import SUBSCRIPTION as PRODUCTS
from humidor_customers.purchases import service
from humidor_customers.testing.desk import Desk, store
from humidor_customers.testing.ordering import gtin, product, tell
from humidor_customers.testing.till import buy, line, sale

LATE = datetime(2026, 11, 25, 17, 30, tzinfo=UTC)
FORMER = """
INSERT INTO purchases
SELECT lpad(n::text, 32, '0')::uuid, CASE n % 5 WHEN 0 THEN lpad(n::text, 32, '1')::uuid END,
       now() - make_interval(days => 9 * n), n * k, n * k * 20, n * k * -1000, k, current_date - 9 * n,
       n % 24, k = 2 AND n % 7 = 0, CASE n % 5 WHEN 0 THEN 'return' ELSE 'sale' END,
       CASE WHEN n % 3 > 0 THEN 'consumer' END, CASE WHEN n % 3 > 0 THEN 'M' || n % 4 END, 'S' || n % 2,
       lpad((n * k)::text, 14, '0'), (ARRAY['stick', 'pack', 'carton', 'case'])[1 + n % 4], 'CNY'
FROM generate_series(1, 120) n, generate_series(1, 1 + n % 3) k
"""
# The one line of product 1 is a pack of 20 sticks: as this product is packed, it was a carton.
CARTON = """
INSERT INTO products (gtin, name, brand, status, sticks_per_pack, packs_per_carton, cartons_per_case, version)
VALUES ('00000000000001', 'Reef', 'Reef', 'active', 2, 10, 50, 1);
INSERT INTO product_units VALUES ('00000000000098', '00000000000001', 'case'),
                                 ('00000000000099', '00000000000001', 'carton')
"""
LINES = "SELECT * FROM purchases ORDER BY document_id, line"


async def shown(desk: Desk) -> list[tuple[Any, ...]]:
    rows = await desk.runtime.pool.fetch(
        "SELECT gtin, sticks, local_day, local_hour, provisional FROM purchases ORDER BY document_id, line"
    )
    return [tuple(row) for row in rows]


async def test_a_product_is_learnt_once_whichever_line_or_store_becomes_known_before(desk: Desk) -> None:
    carton = line(77, 3, "pack", 30_000, 1)
    await tell(desk, PRODUCTS, product(1, unit_gtins=[UnitGtin(gtin=gtin(77), unit="carton")]))
    await buy(desk, sale(1, None, carton, line(2, 1, "carton", 1, 2), at=LATE, store_id="S0009"))
    assert await shown(desk) == [
        (gtin(1), 600, date(2026, 11, 25), 17, False),
        (gtin(2), 200, date(2026, 11, 25), 17, True),
    ]
    await desk.tell(store("S0009"))
    await service.tidy(desk.runtime.pool)
    night = (date(2026, 11, 26), 1)
    assert await shown(desk) == [(gtin(1), 600, *night, False), (gtin(2), 200, *night, True)]
    await tell(desk, PRODUCTS, product(2, sticks_per_pack=16))
    await service.tidy(desk.runtime.pool)
    assert await shown(desk) == [(gtin(1), 600, *night, False), (gtin(2), 160, *night, False)]
    assert not await desk.runtime.pool.fetchval("SELECT count(*) FROM purchase_documents WHERE provisional")


async def test_lines_that_were_rows_are_the_same_within_their_documents(make_database: MakeDatabase) -> None:
    dsn = make_database(None)
    await asyncio.to_thread(upgrade, dsn, "humidor_customers", "0026")
    conn = await asyncpg.connect(dsn)
    await conn.execute(FORMER)
    before = [tuple(row) for row in await conn.fetch(LINES)]
    await asyncio.to_thread(upgrade, dsn, "humidor_customers", "0027")
    await conn.execute(CARTON)
    await asyncio.to_thread(upgrade, dsn, "humidor_customers")
    await conn.reload_schema_state()
    assert [tuple(row) for row in await conn.fetch(LINES)] == before
    numbers = await conn.fetch("SELECT gtins, numbers FROM purchase_documents WHERE numbers IS NOT NULL")
    assert [tuple(row) for row in numbers] == [
        ("00000000000001 00000000000002", "00000000000099 00000000000002")
    ]
    counts = await conn.fetchrow(
        "SELECT count(*), count(*) FILTER (WHERE provisional) FROM purchase_documents"
    )
    assert counts is not None
    assert tuple(counts) == (120, 12)
    await conn.close()
