"""What callers send and see of promotions."""

from datetime import date, datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from humidor_common.web.inputs import Day, Input, Label, Name, Note, StoreId
from humidor_forecasting.inputs import Gtin


class PromotionInput(Input):
    """Days on which demand was, or will be, moved; every store or product where none is named.

    `mechanic` says how, in your own words: `price-cut`, `display`, `gift`.
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
    reason: Note | None = None

    @model_validator(mode="after")
    def _check_days(self) -> "PromotionInput":
        if self.ends_on < self.starts_on:
            raise ValueError("ends_on lies before starts_on")
        if (self.ends_on - self.starts_on).days > 366:
            raise ValueError("a promotion lasts at most a year")
        return self


class PromotionView(BaseModel):
    """A promotion as it now is."""

    promotion_id: str
    name: str
    starts_on: date
    ends_on: date
    store_ids: list[str] | None
    gtins: list[str] | None
    mechanic: str
    discount_percent: float | None
    version: int
    changed_at: datetime
