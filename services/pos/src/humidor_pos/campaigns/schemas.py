"""What operators see of campaigns."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel


class CampaignView(BaseModel):
    """A campaign that takes place in the store; `running` by its own day, with the last one in `ends_on`.

    `gtins` are null where it is about every product. Consumers pay `price_per_pack` (minor units), or
    `discount_percent` less, with `keeps_set_price` down to the price of the catalogue; both null: as ever.
    """

    campaign_id: UUID
    state: Literal["scheduled", "running", "stopped", "ended", "cancelled"]
    running: bool
    kind: str
    audience: Literal["retailers", "consumers"]
    starts_on: date
    ends_on: date
    gtins: list[str] | None
    price_per_pack: int | None
    currency: str | None
    discount_percent: float | None
    keeps_set_price: bool
    changed_at: datetime
