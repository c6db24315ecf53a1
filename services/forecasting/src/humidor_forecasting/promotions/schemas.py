"""What callers send and see of promotions."""

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from humidor_common.web.inputs import Currency, Day, Input, Label, Minor, Name, Note, StoreId
from humidor_forecasting.inputs import Gtin


class PromotionInput(Input):
    """Days on which demand was, or will be, moved; every store or product where none is named.

    `mechanic` says how, in your own words: `price-cut`, `display`, `gift`. `holdout_store_ids` are stores
    drawn to go without it, by which it can be evaluated best; `price_per_pack` is what buyers paid in it,
    `spent_minor` what it cost (`budget_minor` what it may), all in minor units of `currency`.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"name": "Golden Week display", "starts_on": "2026-10-01", "ends_on": "2026-10-07",
                 "gtins": ["06901028075763"], "mechanic": "display"}
            ]
        }
    )  # fmt: skip

    name: Name
    starts_on: Day
    ends_on: Day
    store_ids: Annotated[list[StoreId], Field(min_length=1, max_length=5000)] | None = None
    gtins: Annotated[list[Gtin], Field(min_length=1, max_length=5000)] | None = None
    mechanic: Label
    discount_percent: Annotated[float, Field(ge=0, le=100)] | None = None
    holdout_store_ids: Annotated[list[StoreId], Field(max_length=5000)] = Field(default_factory=list)
    price_per_pack: Minor | None = None
    currency: Currency | None = None
    budget_minor: Minor | None = None
    spent_minor: Minor | None = None
    reason: Note | None = None

    @model_validator(mode="after")
    def _check_days(self) -> "PromotionInput":
        if self.ends_on < self.starts_on:
            raise ValueError("ends_on lies before starts_on")
        if (self.ends_on - self.starts_on).days > 366:
            raise ValueError("a promotion lasts at most a year")
        return self

    @model_validator(mode="after")
    def _check_holdouts(self) -> "PromotionInput":
        if self.holdout_store_ids and self.store_ids is None:
            raise ValueError("with holdout_store_ids, store_ids have to be named too")
        if set(self.holdout_store_ids) & set(self.store_ids or ()):
            raise ValueError("a store either has the promotion or is held out")
        return self


class PromotionView(BaseModel):
    """A promotion as it now is; one whose `source` is `campaign` is told by `customers` and changed there."""

    promotion_id: str
    name: str
    starts_on: date
    ends_on: date
    store_ids: list[str] | None
    gtins: list[str] | None
    mechanic: str
    discount_percent: float | None
    holdout_store_ids: list[str]
    price_per_pack: int | None
    currency: str | None
    budget_minor: int | None
    spent_minor: int | None
    source: Literal["entered", "campaign"]
    version: int
    changed_at: datetime
