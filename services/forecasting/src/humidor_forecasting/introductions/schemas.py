"""What callers send and see of introductions."""

from datetime import date, datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from humidor_common.web.inputs import Day, Input, Note, StoreId
from humidor_forecasting.inputs import Gtin

MOST_PAIRS = 20_000


class IntroductionInput(Input):
    """Products that stores will sell from a day on, without a history there: new products, or a new store.

    `like_gtins` are products that you take to be like them; without any, likeness is by brand, class, price.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"starts_on": "2026-12-01", "store_ids": ["S0001"], "gtins": ["06901028075763"]}]
        }
    )

    starts_on: Day
    store_ids: Annotated[list[StoreId], Field(min_length=1, max_length=5000)]
    gtins: Annotated[list[Gtin], Field(min_length=1, max_length=5000)]
    like_gtins: Annotated[list[Gtin], Field(max_length=20)] = Field(default_factory=list)
    reason: Note | None = None

    @model_validator(mode="after")
    def _check_count(self) -> "IntroductionInput":
        if len(self.store_ids) * len(self.gtins) > MOST_PAIRS:
            raise ValueError(f"at most {MOST_PAIRS} pairs of store and product")
        return self


class IntroductionView(BaseModel):
    """An introduction as it now is."""

    introduction_id: str
    starts_on: date
    store_ids: list[str]
    gtins: list[str]
    like_gtins: list[str]
    version: int
    changed_at: datetime
