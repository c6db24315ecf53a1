import pytest

from humidor_inventory.testing.counting import Counting
from humidor_inventory.testing.shop import Shop


@pytest.fixture
def counting(shop: Shop) -> Counting:
    """A stocktake to be made in store S0001."""
    return Counting(shop)
