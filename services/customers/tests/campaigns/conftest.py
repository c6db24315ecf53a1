import pytest

from humidor_customers.testing.campaigning import Office, open_campaigns
from humidor_customers.testing.desk import Desk


@pytest.fixture
async def office(desk: Desk) -> Office:
    return await open_campaigns(desk)
