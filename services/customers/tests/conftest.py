from collections.abc import AsyncIterator, Callable

import pytest

from humidor_common.testing.plugin import SettingsFor
from humidor_common.testing.running import running
from humidor_customers.app import SERVICE
from humidor_customers.testing.desk import Desk, store
from humidor_customers.testing.office import Office, open_office


@pytest.fixture
async def desk(settings_for: SettingsFor, auth: Callable[..., dict[str, str]]) -> AsyncIterator[Desk]:
    """The service, which knows the stores S0001 to S0004 and no customer."""
    async with running(SERVICE, settings_for(SERVICE, bus=False)) as process:
        made = Desk(process.runtime, process.client, auth)
        await made.tell(*(store(f"S000{n}") for n in range(1, 5)))
        yield made


@pytest.fixture
async def office(settings_for: SettingsFor, auth: Callable[..., dict[str, str]]) -> AsyncIterator[Office]:
    """The service beside its providers of channels."""
    async with open_office(settings_for, auth) as made:
        yield made
