"""What callers see of orders that are stuck."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, computed_field

from humidor_common.web.inputs import StoreId
from humidor_customers.inputs import RetailerId
from humidor_customers.stuck.rules import ADVICE, Waits, Why


class Filters(BaseModel):
    """What the list may be narrowed to; a store is the warehouse that supplies."""

    retailer_id: RetailerId | None = None
    store_id: StoreId | None = None


class StuckView(BaseModel):
    """An order that waits for the warehouse longer than it should.

    `waits` is what for: to keep stock back (`asked`), to let it go, to book it out. `why` is a code, `reason`
    what the dead letter says.
    """

    order_id: UUID
    retailer_id: str
    cycle_id: UUID
    store_id: str
    waits: Waits
    attempt: int
    since: datetime
    why: Why
    reason: str | None

    @computed_field  # type: ignore[prop-decorator]  # mypy knows no decorated properties
    @property
    def to_do(self) -> str:
        """What is to be done about it."""
        return ADVICE[self.why]
