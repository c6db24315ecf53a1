"""Which limits a zone gets that has none of its own."""

from typing import NamedTuple


class DefaultLimits(NamedTuple):
    """Degrees Celsius and per cent relative humidity."""

    temperature_min_c: float
    temperature_max_c: float
    humidity_min_pct: float
    humidity_max_pct: float


def default_limits(store_kind: str) -> DefaultLimits:
    """Give the limits of trade practice: a warehouse up to 30 °C, a shop 10-25 °C, both at 55-65 % RH.

    The shop's are general advice to consumers, the warehouse's the common target of Chinese tobacco
    warehouses (often 18-25 °C). ISO 3402 conditions samples for tests (22 ± 1 °C, 60 ± 3 % RH) and says
    nothing of warehouses, so it is not used.

    Example:
        >>> default_limits("warehouse").temperature_max_c
        30.0
    """
    return DefaultLimits(10.0, 30.0 if store_kind == "warehouse" else 25.0, 55.0, 65.0)
