"""What it costs to hold stock."""

from typing import NamedTuple

from humidor_inventory.turnover.rules.figures import E4, YEAR_DAYS, Sums


class Rates(NamedTuple):
    """Yearly shares of the value of stock (0.06 is 6 %), and the share of stock at risk that is lost."""

    capital: float
    storage: float
    expiry: float


class HoldingCost(NamedTuple):
    """Minor units in the period; `rate` is the whole as a yearly share of the average stock."""

    capital: float
    storage: float
    shrinkage: float
    expiry_risk: float
    total: float
    rate: float | None


def holding_cost(sums: Sums, rates: Rates, at_risk_minor: float) -> HoldingCost:
    """Add up capital, storage, what was written off or missing at cost, and what may expire.

    100,000 minor units on average for 73 days at 6 % and 2 %, 500 lost, 1,000 at risk of which half is
    lost: 1,200 + 400 + 500 + 500 = 2,600, which is 13 % a year.
    """
    stock, share = sums.average_value_minor, sums.days / YEAR_DAYS
    capital, storage = stock * rates.capital * share, stock * rates.storage * share
    shrinkage, risk = sums.lost_e4 / E4, at_risk_minor * rates.expiry
    total = capital + storage + shrinkage + risk
    rate = round(total / stock / share, 6) if stock > 0 else None
    return HoldingCost(
        capital=round(capital, 2),
        storage=round(storage, 2),
        shrinkage=round(shrinkage, 2),
        expiry_risk=round(risk, 2),
        total=round(total, 2),
        rate=rate,
    )
