from collections.abc import AsyncIterator, Callable

import pytest

from humidor_common.testing.plugin import SettingsFor
from humidor_common.testing.running import running
from humidor_inventory.app import SERVICE
from humidor_inventory.testing.shop import Shop, make_gtin


@pytest.fixture
async def shop(settings_for: SettingsFor, auth: Callable[..., dict[str, str]]) -> AsyncIterator[Shop]:
    """A service with store S0001 and no product."""
    async with running(SERVICE, settings_for(SERVICE, bus=False)) as process:
        made = Shop(process.runtime, process.client, auth)
        await made.put_store()
        yield made


@pytest.fixture
async def gtin(shop: Shop) -> str:
    """A product with 20 sticks a pack."""
    made = make_gtin(1)
    await shop.put_product(made)
    return made
