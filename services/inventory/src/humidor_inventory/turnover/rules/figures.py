"""The figures of turnover and their rivals: what is divided by what.

Sources: domain notes of the Chinese trade (存销比, 动销率, 库存周转率) and common retail practice (turnover,
days of inventory, sell-through, GMROI). Stock is the average of daily closing balances, valued at the cost
price of each day; sales are net of returns and voids.
"""

from collections.abc import Mapping
from typing import NamedTuple

import msgspec

E4 = 10_000
YEAR_DAYS = 365

DEFINITIONS: Mapping[str, tuple[str, str, str]] = {
    "turnover": ("库存周转率", "cost of goods sold in the period", "average stock at cost"),
    "turnover_annual": ("年库存周转率", "cost of goods sold * 365 / days", "average stock at cost"),
    "outbound_turnover": (
        "出库周转率",
        "sticks sold, transferred out and written off",
        "average stock in sticks",
    ),
    "days_of_inventory": ("库存周转天数", "average stock at cost * days", "cost of goods sold in the period"),
    "stock_to_sales_closing": ("存销比", "closing stock at cost", "cost of goods sold in the period"),
    "stock_to_sales_closing_quantity": ("存销比（数量）", "closing stock in sticks", "sticks sold, net"),
    "stock_to_sales_opening": ("期初存销比", "opening stock at cost", "cost of goods sold in the period"),
    "sell_through": ("售罄率", "sticks sold, net", "opening stock, received and transferred in, in sticks"),
    "gmroi": ("库存毛利回报率", "revenue less cost of goods sold", "average stock at cost"),
    "out_of_stock": ("断货率", "days on which a carried product closed without stock", "days carried"),
    "revenue_without_cost": ("无成本销售占比", "revenue of goods without a known cost", "revenue"),
    "sold_without_price": ("无价格销售占比", "sticks sold without a known price, net", "sticks sold, net"),
}
"""Chinese name, numerator and denominator. GMROI leaves out revenue whose cost is not known."""


class Figure(msgspec.Struct, frozen=True, gc=False):
    """A ratio with what it was made of; `value` is None where the denominator is not above 0."""

    value: float | None
    numerator: float
    denominator: float


class Sums(NamedTuple):
    """What a period comes to; sticks, minor units (`_minor`) and ten-thousandths of them (`_e4`).

    `stick_days` and `value_days_e4` are the sums of the daily closing balances.
    """

    days: int
    sold_sticks: int
    returned_sticks: int
    received_sticks: int
    opened_sticks: int
    transferred_in_sticks: int
    transferred_out_sticks: int
    written_off_sticks: int
    adjusted_sticks: int
    revenue_minor: int
    unpriced_sticks: int
    costed_revenue_minor: int
    cost_e4: int
    lost_e4: int
    out_days: int
    carried_days: int
    opening_sticks: int
    closing_sticks: int
    stick_days: int
    opening_value_e4: int
    closing_value_e4: int
    value_days_e4: int

    @property
    def net_sold_sticks(self) -> int:
        return self.sold_sticks - self.returned_sticks

    @property
    def average_sticks(self) -> float:
        return self.stick_days / self.days

    @property
    def average_value_minor(self) -> float:
        return self.value_days_e4 / E4 / self.days


def ratio(numerator: float, denominator: float) -> Figure:
    """Divide, unless there is nothing to divide by."""
    value = round(numerator / denominator, 6) if denominator > 0 else None
    return Figure(value, round(numerator, 4), round(denominator, 4))


def figures(sums: Sums) -> dict[str, Figure]:
    """Work out every figure of `DEFINITIONS`.

    Sold for 73,000 at a cost of 60,000 (minor units) in 73 days with 20,000 in stock on average: turnover
    3, a year 15, days of inventory 24.33, GMROI 0.65.
    """
    cost, sold = sums.cost_e4 / E4, sums.net_sold_sticks
    stock = sums.average_value_minor
    gone = sold + sums.transferred_out_sticks + sums.written_off_sticks
    available = sums.opening_sticks + sums.received_sticks + sums.opened_sticks + sums.transferred_in_sticks
    return {
        "turnover": ratio(cost, stock),
        "turnover_annual": ratio(cost * YEAR_DAYS / sums.days, stock),
        "outbound_turnover": ratio(gone, sums.average_sticks),
        "days_of_inventory": ratio(stock * sums.days, cost),
        "stock_to_sales_closing": ratio(sums.closing_value_e4 / E4, cost),
        "stock_to_sales_closing_quantity": ratio(sums.closing_sticks, sold),
        "stock_to_sales_opening": ratio(sums.opening_value_e4 / E4, cost),
        "sell_through": ratio(sold, available),
        "gmroi": ratio(sums.costed_revenue_minor - cost, stock),
        "out_of_stock": ratio(sums.out_days, sums.carried_days),
        "revenue_without_cost": ratio(sums.revenue_minor - sums.costed_revenue_minor, sums.revenue_minor),
        "sold_without_price": ratio(sums.unpriced_sticks, sold),
    }
