"""Lists stay quick however much there ever was."""

import pytest

from humidor_inventory.alerts.lists import Filters, page_statement
from humidor_inventory.alerts.rules import AlertKind
from humidor_inventory.testing.shop import Shop

FILL = """
INSERT INTO alerts (alert_id, store_id, subject, gtin, kind, state, raised_at, updated_at, closed_at)
SELECT gen_random_uuid(), 'S' || n % 100, 'g' || n, 'g',
       CASE WHEN n % 10 = 0 THEN 'expired' ELSE 'negative' END,
       CASE WHEN n % 1000 = 0 THEN 'open' ELSE 'closed' END, now(), now(),
       CASE WHEN n % 1000 = 0 THEN NULL ELSE now() END
FROM generate_series(1, 20000) n
"""


@pytest.mark.parametrize(
    ("filters", "index"),
    [
        (Filters(None, 101, state="open"), "ix_alerts_state"),
        (Filters(None, 101, state="open", kind=AlertKind.EXPIRED), "ix_alerts_kind"),
    ],
)
async def test_the_few_open_alerts_are_found_among_many_closed_ones(
    shop: Shop, filters: Filters, index: str
) -> None:
    statement, _ = page_statement(filters)
    async with shop.runtime.pool.acquire() as conn:
        await conn.execute(FILL)
        await conn.execute("ANALYZE alerts")
        await conn.execute(f"SET plan_cache_mode = force_generic_plan; PREPARE page (bigint) AS {statement}")
        plan = await conn.fetch("EXPLAIN EXECUTE page(101)")
    assert any(index in row[0] for row in plan), plan
