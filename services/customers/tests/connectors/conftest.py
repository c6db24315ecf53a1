from collections.abc import AsyncIterator, Callable

import pytest

from humidor_common.testing.plugin import SettingsFor
from humidor_common.testing.running import running
from humidor_customers.app import SERVICE
from humidor_customers.testing.crm_server import Clock
from humidor_customers.testing.desk import Desk
from humidor_customers.testing.exchange_desk import CONNECTOR_KEYS, ExchangeDesk
from humidor_customers.testing.zoho import ZohoServer


@pytest.fixture
def settings_changes() -> dict[str, object]:
    return {"connector_keys": CONNECTOR_KEYS, "delivery_private_targets": True}


@pytest.fixture
async def desk_of(
    settings_for: SettingsFor, auth: Callable[..., dict[str, str]], settings_changes: dict[str, object]
) -> AsyncIterator[ExchangeDesk]:
    """The service and a Zoho CRM that has no record, not yet connected."""
    clock = Clock()
    server = ZohoServer(clock)
    settings = settings_for(SERVICE, bus=False, **settings_changes)
    async with running(SERVICE, settings) as process, server.serving():
        yield ExchangeDesk(Desk(process.runtime, process.client, auth), server, clock)


@pytest.fixture
async def zoho(desk_of: ExchangeDesk) -> ExchangeDesk:
    """The same with a connector `crm`."""
    await desk_of.connect_zoho()
    return desk_of
