from collections.abc import AsyncIterator, Callable

import pytest

from humidor_common.testing.plugin import SettingsFor
from humidor_common.testing.running import running
from humidor_forecasting.app import SERVICE
from humidor_forecasting.testing.market import Market


@pytest.fixture
async def market(settings_for: SettingsFor, auth: Callable[..., dict[str, str]]) -> AsyncIterator[Market]:
    """The service, which knows nothing yet."""
    async with running(SERVICE, settings_for(SERVICE, bus=False)) as process:
        yield Market(process.runtime, process.client, auth)
