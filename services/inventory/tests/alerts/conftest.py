from collections.abc import Callable
from typing import Any

import pytest

from humidor_common.clock import utc_now
from humidor_inventory.testing.shop import STORE, Shop

Flow = Callable[..., Any]


@pytest.fixture
def flow(shop: Shop) -> Flow:
    """Write sales of past days; after the GTIN come how many days ago and how many sticks."""

    async def write(gtin: str, days_ago: int, sticks: int, *, store_id: str = STORE) -> None:
        await shop.runtime.pool.execute(
            """INSERT INTO daily_flows (store_id, gtin, day, sold_sticks)
               SELECT $1, $2, ($5::timestamptz AT TIME ZONE 'Asia/Shanghai')::date - $3::int, $4
               ON CONFLICT (store_id, day, gtin) DO UPDATE SET sold_sticks = excluded.sold_sticks""",
            store_id,
            gtin,
            days_ago,
            sticks,
            utc_now(),
        )

    return write
