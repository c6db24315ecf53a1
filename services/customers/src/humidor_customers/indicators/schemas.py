"""What callers see of indicators of supply."""

from typing import Literal, TypeAlias

from pydantic import BaseModel

By: TypeAlias = Literal["product", "tier", "segment", "product_tier"]


class RatioView(BaseModel):
    """A ratio with what it is made of; null where nothing is to be divided by."""

    numerator: int
    denominator: int
    value: float | None


class IndicatorView(BaseModel):
    """The indicators of a product, a tier (0: customers without one), a price segment, or product and tier.

    Tiers of one customer count once a product: customers of a tier over all products are orders, not heads.
    """

    gtin: str | None
    tier: int | None
    price_segment: str | None
    full_order_share: RatioView
    cap_use: RatioView
    order_fill: RatioView
    ordering_share: RatioView
    requested_sticks: int
    ordered_sticks: int
    supplied_sticks: int
