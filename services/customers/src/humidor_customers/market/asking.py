"""What callers ask of the market."""

from typing import Literal

from pydantic import BaseModel, Field

from humidor_common.web.inputs import Day, Label, StoreId
from humidor_customers.inputs import Gtin
from humidor_customers.market.questions import Dimension
from humidor_customers.market.rules.periods import Against, Period


class Filters(BaseModel):
    """Which days of which part of the market; `wholesale` is orders delivered."""

    since: Day
    until: Day
    level: Literal["retail", "wholesale"] = "retail"
    brand: Label | None = None
    maker: Label | None = None
    price_class: Label | None = None
    gtin: Gtin | None = None
    area: Label | None = None
    market_type: Label | None = None
    business_format: Label | None = None
    sales_line: Label | None = None
    store_id: StoreId | None = None


class Cut(Filters):
    """A report by groups (`by`), each in its own market (`within`), cut into periods."""

    by: Dimension = "brand"
    within: Dimension | None = None
    period: Period = "none"


class Compared(Cut):
    """A report against former days; `lunar_year` keeps the distance to the lunar new year."""

    against: Against = "year"


class Spread(Filters):
    """A report over stores; `outlets` is how many there are in all, where these stores stand for them."""

    by: Literal["brand", "maker", "price_class", "product"] = "brand"
    within: Literal["area", "market_type", "business_format", "sales_line", "store"] | None = None
    period: Period = "none"
    outlets: int | None = Field(default=None, ge=1, le=100_000_000)
    level_of_confidence: float = Field(default=0.95, ge=0.5, le=0.999)


class Active(Filters):
    """How much of what stores carry they sell: what they sold since the month so many days before, too."""

    by: Literal["brand", "maker", "price_class", "product"] = "brand"
    within: Literal["area", "market_type", "business_format", "sales_line", "store"] | None = None
    carried_days: int = Field(default=90, ge=1, le=730)


class Stocked(Filters):
    """Stock against sales, by months that are over."""

    by: Dimension = "brand"
    within: Dimension | None = None
    period: Literal["none", "month", "quarter", "year"] = "month"


class Shifting(Filters):
    """What moved shares: `segment` is what the market is split by."""

    by: Dimension = "brand"
    segment: Dimension = "area"
    against: Against = "year"
