from collections.abc import Callable
from typing import Any

import pytest

from humidor_inventory.policies.rules.demand import Demand, Shape
from humidor_inventory.policies.rules.terms import Terms

MakeTerms = Callable[..., Terms]


@pytest.fixture(scope="session")
def make_terms() -> MakeTerms:
    """Terms of a policy over demand of a given family; `sd_of_lead_time` in days."""

    def make(policy: str, family: str, mean: float, variance: float, **changes: Any) -> Terms:
        shape = Shape(family=family, reason="", demand_class="smooth", adi=1, cv2=0)
        spread = changes.pop("sd_of_lead_time", 0.0)
        demand = Demand(mean=mean, variance=variance, shape=shape, lead_time_variance=spread**2)
        return Terms(policy=policy, unit="pack", demand=demand, **changes)

    return make
