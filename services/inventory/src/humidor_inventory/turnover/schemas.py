"""What callers see of turnover."""

from datetime import date

from pydantic import BaseModel

from humidor_common.web.pagination import Page
from humidor_inventory.turnover.rules.advice import Action
from humidor_inventory.turnover.rules.classes import AbcClass, XyzClass
from humidor_inventory.turnover.rules.periods import Source


class FigureView(BaseModel):
    """A ratio and what it was made of; `value` is null where the denominator is not above 0."""

    value: float | None
    numerator: float
    denominator: float


class FiguresView(BaseModel):
    """Every ratio by its name; `GET /v1/turnover/definitions` says what each divides by what."""

    turnover: FigureView
    turnover_annual: FigureView
    outbound_turnover: FigureView
    days_of_inventory: FigureView
    stock_to_sales_closing: FigureView
    stock_to_sales_closing_quantity: FigureView
    stock_to_sales_opening: FigureView
    sell_through: FigureView
    gmroi: FigureView
    out_of_stock: FigureView
    revenue_without_cost: FigureView
    sold_without_price: FigureView


class Keys(BaseModel):
    """What a row is about; what the report is not grouped by is null. Money is in `currency`."""

    store_id: str | None = None
    brand: str | None = None
    price_class: str | None = None
    supplier_id: str | None = None
    gtin: str | None = None
    currency: str | None = None


class TurnoverRow(Keys):
    """One group in one period, both days included; values in minor units, stock at cost."""

    start: date
    end: date
    days: int
    sold_sticks: int
    returned_sticks: int
    received_sticks: int
    opened_sticks: int
    transferred_in_sticks: int
    transferred_out_sticks: int
    written_off_sticks: int
    adjusted_sticks: int
    opening_sticks: int
    closing_sticks: int
    average_sticks: float
    revenue_minor: int
    cost_of_goods_sold_minor: float
    gross_margin_minor: float
    opening_value_minor: float
    closing_value_minor: float
    average_value_minor: float
    figures: FiguresView


class TurnoverReport(Page[TurnoverRow]):
    """A page holds whole groups, each with all its periods; `read_from` names the sums it comes from."""

    read_from: Source


class Definition(BaseModel):
    """What a figure divides by what."""

    figure: str
    chinese: str
    numerator: str
    denominator: str


class HoldingRow(Keys):
    """What holding the stock cost, in minor units; `rate` is it as a yearly share of the average stock."""

    start: date
    end: date
    average_value_minor: float
    capital_minor: float
    storage_minor: float
    shrinkage_minor: float
    at_risk_minor: float
    expiry_risk_minor: float
    total_minor: float
    rate: float | None


class AssortmentRow(BaseModel):
    """One group in one month; products are counted once in each store that carries them.

    `active_sku_rate` (动销率) is products sold ÷ carried. `brand_pull_rate` (单品牌动销率) is what an outlet
    bought of it on average in this month ÷ in the month before; only where the report is by brand.
    """

    store_id: str | None = None
    brand: str | None = None
    price_class: str | None = None
    carried_skus: int
    sold_skus: int
    active_sku_rate: float | None
    outlets: int
    bought_sticks: int
    brand_pull_rate: FigureView | None


class ClassRow(BaseModel):
    """A product's classes and what they are made of; `policy` is a hint how to plan it."""

    gtin: str
    revenue_minor: int
    currency: str | None
    sold_sticks: int
    abc: AbcClass
    variation: float | None
    xyz: XyzClass
    policy: str


class SlowRow(BaseModel):
    """A product of which a store holds too much, and what to do about it."""

    store_id: str
    gtin: str
    available_sticks: int
    expired_sticks: int
    value_minor: float | None
    currency: str | None
    daily_sticks: float
    cover_days: float | None
    last_sale_day: date | None
    days_since_sale: int | None
    excess_sticks: int
    action: Action
    action_sticks: int
    to_store_id: str | None
    reason: str
