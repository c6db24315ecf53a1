from collections.abc import Awaitable, Callable
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from humidor_inventory.testing.shop import STORE, Shop

Stand = Callable[..., Awaitable[Any]]


@pytest.fixture
def today() -> date:
    """The store's own date."""
    return datetime.now(ZoneInfo("Asia/Shanghai")).date()


@pytest.fixture
def stand(shop: Shop, gtin: str, today: date) -> Stand:
    """Put packs of a lot on the shelf that were made so many days ago and expire in so many days."""

    async def stand(
        lot: str, packs: int, made: int | None = None, left: int | None = None, *, gtin: str = gtin
    ) -> None:
        line: dict[str, Any] = {"gtin": gtin, "quantity": packs, "lot": lot}
        if made is not None:
            line["production_date"] = (today - timedelta(days=made)).isoformat()
        if left is not None:
            line["expiry_date"] = (today + timedelta(days=left)).isoformat()
        body = {"store_id": STORE, "lines": [line]}
        await shop.ask("POST", "/v1/receipts", json=body, expect=201)

    return stand
