"""Parts of a policy's parameters: demand, service, times and costs."""

from typing import Annotated, Literal

from pydantic import Field

from humidor_inventory.inputs import Input

PerDay = Annotated[float, Field(ge=0, le=100_000, allow_inf_nan=False)]
Days = Annotated[float, Field(ge=0, le=3650, allow_inf_nan=False)]
Minor = Annotated[int, Field(ge=0, le=10**12)]
Amount = Annotated[float, Field(ge=0, le=100_000_000, allow_inf_nan=False)]
Family = Literal["auto", "normal", "poisson", "negative_binomial", "empirical"]


class Quantile(Input):
    """`probability` is the chance that demand over `covers_days` is at most `quantity`."""

    probability: Annotated[float, Field(ge=0.0001, le=0.9999, allow_inf_nan=False)]
    quantity: Amount


class DemandInput(Input):
    """One of: mean and deviation per day, a history by day, quantiles of a published forecast.

    A stored policy may name a `source` instead: the newest published `forecast` of its store and product, or
    the `history` of what was sold there in the last `history_days` (91). Its level then follows by itself.

    `adi` and `cv2` say how demand comes (days between days with demand, squared variation of their sizes);
    left out, they follow from the rest.
    """

    source: Literal["given", "forecast", "history"] = "given"
    history_days: Annotated[int, Field(ge=14, le=1100)] | None = None
    mean_per_day: PerDay | None = None
    sd_per_day: PerDay | None = None
    history: Annotated[list[Amount], Field(min_length=14, max_length=1100)] | None = None
    quantiles: Annotated[list[Quantile], Field(min_length=2, max_length=99)] | None = None
    covers_days: Annotated[float, Field(gt=0, le=3650, allow_inf_nan=False)] | None = None
    distribution: Family = "auto"
    adi: Annotated[float, Field(ge=1, le=10_000, allow_inf_nan=False)] | None = None
    cv2: Annotated[float, Field(ge=0, le=10_000, allow_inf_nan=False)] | None = None


class Service(Input):
    """`cycle`: the share of order cycles without a stock-out; `fill`: the share of demand that is served."""

    kind: Literal["cycle", "fill"]
    target: Annotated[float, Field(ge=0.5, le=0.9999, allow_inf_nan=False)]


class Times(Input):
    """Days; `review_days` is the order cycle, 0 where orders may be placed at any time."""

    lead_time_days: Days | None = None
    lead_time_sd_days: Days = 0
    review_days: Annotated[float, Field(ge=0, le=366, allow_inf_nan=False)] = 0
    cover_days: Annotated[float, Field(gt=0, le=3650, allow_inf_nan=False)] | None = None
    shelf_life_days: Annotated[float, Field(gt=0, le=36_500, allow_inf_nan=False)] | None = None


class PriceBand(Input):
    """The price of one unit from this quantity on."""

    from_quantity: Annotated[int, Field(ge=0, le=1_000_000_000)]
    unit_cost_minor: Annotated[int, Field(ge=1, le=10**12)]


class Costs(Input):
    """Money in minor units: of one unit, of one order, of one unit short (and, backordered, a year)."""

    unit_cost_minor: Minor | None = None
    holding_rate_per_year: Annotated[float, Field(ge=0, le=10, allow_inf_nan=False)] | None = None
    ordering_cost_minor: Minor | None = None
    backorder_cost_minor_per_year: Minor | None = None
    stockout_cost_minor: Minor | None = None
    price_minor: Minor | None = None
    salvage_minor: Minor | None = None
    price_bands: Annotated[list[PriceBand], Field(max_length=20, default_factory=list)]
    discount: Literal["all_units", "incremental"] = "all_units"
