"""What callers see of the market."""

from datetime import date
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field

from humidor_customers.market.rules.estimates import Interval
from humidor_customers.market.rules.figures import Change, Concentration, Ratio, Shift


class Built(BaseModel):
    """A model of which a page has thousands, made of values that are known to be right."""

    model_config = ConfigDict(revalidate_instances="never")

    @classmethod
    def build(cls, **values: Any) -> Self:
        """Do what `model_construct` does where every field is given, in a fifth of the time."""
        built = cls.__new__(cls)
        object.__setattr__(built, "__dict__", values)
        object.__setattr__(built, "__pydantic_fields_set__", set(values))
        object.__setattr__(built, "__pydantic_extra__", None)
        object.__setattr__(built, "__pydantic_private__", None)
        return built


class RatioView(Built):
    """A figure with what it is made of; `value` is null where it has no meaning, and `reason` says why."""

    numerator: float | None
    denominator: float | None
    value: float | None
    reason: str | None

    @staticmethod
    def of(ratio: Ratio) -> "RatioView":
        return RatioView.build(**ratio._asdict())


class EstimateView(RatioView):
    """A figure that stands for all outlets, between `low` and `high`."""

    low: float | None
    high: float | None

    @staticmethod
    def within(ratio: Ratio, interval: Interval | None) -> "EstimateView":
        low, high = interval or (None, None)
        return EstimateView.build(**ratio._asdict(), low=low, high=high)


class Row(Built):
    """Whose figures, of which days; what is not known is null, and `within` of the whole market."""

    start: date
    end: date
    within: str | None = Field(description="market 所属市场")
    key: str | None = Field(description="group 分组")
    currency: str


class ShareRow(Row):
    """Shares of volume (sticks) and value (minor units), of all that was sold in the same market."""

    rank: int
    sales: int
    left_out_lines: int
    volume: RatioView = Field(description="share of volume 销量份额")
    value: RatioView = Field(description="share of value 销额份额")


class PriceRow(Row):
    """Prices in minor units: of a carton (条均价) and of a case of 50,000 sticks (单箱销售额).

    `retail_to_wholesale` (顺价指数) is over products whose wholesale price is known; `priced` is their share
    of the value.
    """

    per_carton: RatioView = Field(description="mean carton price 条均价")
    per_case: RatioView = Field(description="value of a case 单箱销售额")
    retail_to_wholesale: RatioView = Field(description="retail-to-wholesale index 顺价指数")
    priced: RatioView = Field(description="value with a wholesale price 有批发价占比")


class ConcentrationView(Built):
    """How few hold the market; `hhi` is 0 to 1 (times 10,000 in competition law)."""

    groups: int
    left_out_groups: int
    cr4: RatioView
    hhi: float | None
    equivalent_groups: float | None
    reason: str | None

    @staticmethod
    def of(found: Concentration) -> "ConcentrationView":
        return ConcentrationView.build(
            groups=found.groups,
            left_out_groups=found.left_out,
            cr4=RatioView.of(found.cr4),
            hhi=found.hhi,
            equivalent_groups=found.equivalent,
            reason=found.reason,
        )


class ConcentrationRow(Built):
    """Concentration of one market by volume and by value."""

    start: date
    end: date
    within: str | None
    currency: str
    volume: ConcentrationView
    value: ConcentrationView


class ChangeView(Built):
    """A figure against its base; shares, not per cent. `reason` says why there is no growth."""

    current: int
    base: int
    change: int
    growth: float | None
    contribution: float | None
    contribution_rate: float | None
    reason: str | None

    @staticmethod
    def of(found: Change) -> "ChangeView":
        return ChangeView.build(**found._asdict())


class GrowthRow(Row):
    """Growth of a group, or of all groups together (`whole`), against the days of the base."""

    whole: bool
    base_start: date | None
    base_end: date | None
    lunar: bool
    volume: ChangeView | None = Field(description="sticks 销量")
    value: ChangeView | None = Field(description="money 销额")
    reason: str | None


class CompoundRow(Row):
    """Yearly growth from the first twelve months to the last; `start` and `end` are those of all."""

    whole: bool
    years: float
    volume: RatioView = Field(description="compound growth of volume 销量复合增长率")
    value: RatioView = Field(description="compound growth of value 销额复合增长率")


class DistributionRow(Row):
    """How far a group is spread (铺市率): stores that sold it, and what these stores sell of everything.

    `share` is its share of volume with the interval that stores, being a sample, leave open.
    """

    numeric: EstimateView = Field(description="numeric distribution 铺市率")
    weighted_volume: RatioView = Field(description="distribution weighted by volume 加权铺市率（销量）")
    weighted_value: RatioView = Field(description="distribution weighted by value 加权铺市率（销额）")
    share: EstimateView = Field(description="share of volume 销量份额")


class ActivityRow(Built):
    """Both figures that the trade calls 动销率.

    `active_sku_rate`: products sold ÷ carried, over stores. `brand_pull_rate`: sticks an outlet took on
    average ÷ those of as many days before.
    """

    start: date
    end: date
    within: str | None
    key: str | None
    active_sku_rate: RatioView = Field(description="active SKU rate 动销率（在售品规）")
    active_products: int
    carried_products: int
    brand_pull_rate: RatioView = Field(description="brand pull rate 动销率（户均环比）")


class StockRow(Built):
    """Stock against sales (存销比), both in sticks: at the end of the period ÷ sold in it.

    Both are of stores whose closing stock `inventory` has told; `covered` is their share of what was sold.
    `days_of_stock` is how long the stock lasts at this rate.
    """

    start: date
    end: date
    within: str | None
    key: str | None
    stock_to_sales: RatioView = Field(description="stock-to-sales ratio by quantity 存销比（数量）")
    days_of_stock: float | None = Field(description="days of stock 可销天数")
    covered: RatioView = Field(description="sales of stores whose stock is known 库存已知门店销量占比")


class ShiftRow(Built):
    """What a share of volume gained or lost, and by what; the parts add up to `shift` (0.01 is a point)."""

    key: str | None
    currency: str
    start: date
    end: date
    base_start: date
    base_end: date
    base_share: RatioView
    share: RatioView
    shift: float | None
    within: float | None
    mix: float | None
    entry: float | None
    exit: float | None
    reason: str | None

    @staticmethod
    def parts(shift: Shift) -> dict[str, Any]:
        found = shift._asdict()
        return found | {name: RatioView.of(found[name]) for name in ("base_share", "share")}


class Coverage(BaseModel):
    """What the sums hold and lack; sticks are those of retail in the days asked about."""

    first_day: date | None
    last_day: date | None
    days_waiting: int
    stores_waiting: int
    left_out_lines: int
    sticks: int
    sticks_without_brand: int
    sticks_without_maker: int
    sticks_without_price_class: int
