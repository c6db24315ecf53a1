"""What a policy is calculated from, complete and checked."""

import msgspec

from humidor_inventory.policies.rules.demand import Demand
from humidor_inventory.policies.rules.explain import Impossible

DAYS_PER_YEAR = 365.0
MOST_UNITS = 1_000_000_000
"""What one level may hold."""


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """One store's product. Times in days, money in minor units, goods in `unit`, rates per year."""

    policy: str
    unit: str
    demand: Demand
    lead_time_days: float
    review_days: float = 0.0
    service_kind: str | None = None
    service_target: float | None = None
    order_multiple: int = 1
    minimum_order: int = 0
    supply_cap: int | None = None
    order_quantity: int | None = None
    cover_days: float | None = None
    unit_cost: float | None = None
    holding_rate: float | None = None
    ordering_cost: float | None = None
    backorder_cost: float | None = None
    stockout_cost: float | None = None
    price: float | None = None
    salvage: float | None = None
    shelf_life_days: float | None = None
    price_bands: tuple[tuple[float, float], ...] = ()
    discount: str = "all_units"

    @property
    def holding_cost(self) -> float | None:
        """Minor units per unit and year."""
        if self.unit_cost is None or self.holding_rate is None:
            return None
        return self.unit_cost * self.holding_rate

    @property
    def knows_costs(self) -> bool:
        return bool(self.ordering_cost) and bool(self.holding_cost)

    @property
    def minimum(self) -> int:
        """The least that may be ordered, in whole multiples."""
        least = max(self.minimum_order, self.order_multiple)
        return -(-least // self.order_multiple) * self.order_multiple

    @property
    def most(self) -> int | None:
        """The most that may be ordered, in whole multiples."""
        return (
            None if self.supply_cap is None else self.supply_cap // self.order_multiple * self.order_multiple
        )


def check(terms: Terms) -> None:
    """Refuse what contradicts itself.

    Raises:
        Impossible: Naming the field.
    """
    if terms.supply_cap is not None:
        if terms.supply_cap < terms.order_multiple:
            raise Impossible("order_multiple", "one multiple is more than supply_cap lets through")
        if terms.most is not None and terms.minimum > terms.most:
            raise Impossible("minimum_order", "in whole multiples it is more than supply_cap lets through")
    if terms.lead_time_days == 0 and terms.demand.lead_time_variance > 0:
        raise Impossible("lead_time_sd_days", "a lead time of 0 days cannot vary")
    if terms.policy in {"R_S", "newsvendor"} and terms.review_days <= 0:
        raise Impossible("review_days", f"{terms.policy} needs the days from one order to the next")
    if terms.service_target is None and terms.policy not in {"eoq", "newsvendor"}:
        raise Impossible("service", f"{terms.policy} needs a service level")
    if terms.salvage is not None and terms.unit_cost is not None and terms.salvage >= terms.unit_cost:
        raise Impossible("salvage_minor", "goods worth their cost at the end can be ordered without end")
    _check_bands(terms)


def _check_bands(terms: Terms) -> None:
    for before, after in zip(terms.price_bands, terms.price_bands[1:], strict=False):
        if after[0] <= before[0] or after[1] >= before[1]:
            raise Impossible("price_bands", "each band starts higher and costs less than the one before")
    if terms.price_bands and terms.price_bands[0][0] > 1:
        raise Impossible("price_bands", "the first band starts at 0 or 1")
