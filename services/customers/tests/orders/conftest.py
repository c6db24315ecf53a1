from collections.abc import Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

import pytest

from humidor_common.db.pool import Connection
from humidor_customers.allocation import caps
from humidor_customers.testing.desk import Desk
from humidor_customers.testing.ordering import offer, open_cycle


class Given(NamedTuple):
    """Caps that hold for everybody."""

    products: dict[str, int]
    segments: dict[str, int]
    segment_of: Mapping[str, str] = {}

    def of_product(self, _: str, gtin: str) -> int | None:
        return self.products.get(gtin)

    def of_segment(self, _: str, price_segment: str) -> int | None:
        return self.segments.get(price_segment)


@pytest.fixture
def given_caps(monkeypatch: pytest.MonkeyPatch) -> Given:
    """Caps that a test fills, in the place of a published strategy."""
    found = Given({}, {})

    async def caps_of(_: Connection, _cycle: UUID, _retailers: Sequence[str], **_only: object) -> Given:
        return found

    monkeypatch.setattr(caps, "caps_of", caps_of)
    return found


@pytest.fixture
async def cycle(desk: Desk) -> UUID:
    """Customers C1 and C2 in a group whose window is open, and products 1 to 3 at 100.00 a carton."""
    await desk.put("C1", store_ids=["S0001"])
    await desk.put("C2", store_ids=["S0002"])
    await offer(desk, 1, 2, 3)
    return await open_cycle(desk, ["C1", "C2"])
