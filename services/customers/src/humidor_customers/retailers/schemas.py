"""What callers send and see of trade customers."""

from datetime import date, datetime
from typing import Annotated, Any, Literal, TypeAlias
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

from humidor_common.web.inputs import (
    Contactable,
    Currency,
    Day,
    Input,
    Label,
    LicenceNumber,
    Minor,
    Moment,
    Name,
    Note,
    StoreId,
    TimeZone,
)
from humidor_customers.fields.schemas import Custom
from humidor_customers.inputs import Code, RetailerId
from humidor_customers.retailers.rules import LicenceState, LicenceStatus, State

Format: TypeAlias = Literal[
    "grocery", "convenience", "supermarket", "mall", "tobacco_liquor", "entertainment", "other"
]
MarketType: TypeAlias = Literal["urban", "rural"]

_RETAILER: dict[str, JsonValue] = {
    "name": "城南便利店",
    "licence_number": "330102100001",
    "licence_valid_from": "2024-03-01",
    "licence_valid_until": "2029-02-28",
    "business_format": "convenience",
    "market_type": "urban",
    "trade_area": "CN-03",
    "sales_line": "L12",
    "compliance_grade": "A",
    "contacts": [{"name": "王芳", "role": "owner", "phone": "13812345678"}],
    "store_ids": ["S0001"],
}


class Contact(Input):
    """Whom to turn to at a customer, and for what."""

    name: Name
    role: Label | None = None
    phone: Contactable | None = None
    email: Contactable | None = None


class RetailerInput(Input):
    """A trade customer as it shall be; what is left out is emptied or takes its default.

    The licence number is text of 12 digits and belongs to one live customer. An active customer has one. What
    the authority says of the licence is recorded by a check, not here. `parent_id` names the chain of a shop.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [_RETAILER]})

    name: Name
    state: State = "active"
    licence_number: LicenceNumber | None = None
    licence_valid_from: Day | None = None
    licence_valid_until: Day | None = None
    time_zone: TimeZone = "Asia/Shanghai"
    business_format: Format = "other"
    market_type: MarketType = "urban"
    trade_area: Code | None = None
    sales_line: Code | None = None
    compliance_grade: Code | None = None
    credit_limit_minor: Minor | None = None
    currency: Currency | None = None
    address: Name | None = None
    parent_id: RetailerId | None = None
    store_ids: Annotated[list[StoreId], Field(max_length=500)] = Field(default_factory=list)
    contacts: Annotated[list[Contact], Field(max_length=50)] = Field(default_factory=list)
    tags: Annotated[list[Code], Field(max_length=50)] = Field(default_factory=list)
    custom: Custom = Field(default_factory=dict)

    @model_validator(mode="after")
    def _check(self) -> "RetailerInput":
        if self.state == "active" and self.licence_number is None:
            raise ValueError("an active customer needs a licence_number")
        dates = (self.licence_valid_from, self.licence_valid_until)
        if any(dates) and self.licence_number is None:
            raise ValueError("dates of a licence need a licence_number")
        if dates[0] and dates[1] and dates[1] < dates[0]:
            raise ValueError("licence_valid_until is not before licence_valid_from")
        if self.credit_limit_minor is not None and self.currency is None:
            raise ValueError("currency is needed beside credit_limit_minor")
        self.store_ids, self.tags = sorted(set(self.store_ids)), sorted(set(self.tags))
        return self


class NewRetailer(RetailerInput):
    """A new trade customer; an id is made where the distributor has no code of its own."""

    retailer_id: RetailerId | None = None


class RetailerChange(RetailerInput):
    """A trade customer as it shall be, and why it changes."""

    reason: Note | None = None


class RetailerView(BaseModel):
    """A trade customer as it is.

    `licence_status` is what the authority said last; `licence_state` is what the licence is worth today where
    the customer is.
    """

    retailer_id: str
    name: str
    state: State
    licence_number: str | None
    licence_valid_from: date | None
    licence_valid_until: date | None
    licence_status: LicenceStatus | None
    licence_state: LicenceState
    time_zone: str
    business_format: Format
    market_type: MarketType
    trade_area: str | None
    sales_line: str | None
    compliance_grade: str | None
    credit_limit_minor: int | None
    currency: str | None
    address: str | None
    parent_id: str | None
    store_ids: list[str]
    contacts: list[Contact]
    tags: list[str]
    custom: dict[str, Any]
    merged_into: str | None
    version: int
    created_at: datetime
    changed_at: datetime


class CheckInput(Input):
    """What an authority or a document says of a customer's licence, and who or what said it.

    `licence_number` guards against a check of another licence: it must be the customer's.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "status": "suspended",
                    "source": "monopoly bureau",
                    "reason": "sold cigarettes of another region",
                }
            ]
        }
    )

    status: LicenceStatus
    source: Label
    reason: Note | None = None
    licence_number: LicenceNumber | None = None
    checked_at: Moment | None = None


class CheckView(BaseModel):
    """One check of a licence."""

    check_id: UUID
    retailer_id: str
    licence_number: str
    status: LicenceStatus
    source: str
    reason: str | None
    checked_at: datetime
    checked_by: str
    recorded_at: datetime


class NoteInput(Input):
    """Something worth remembering about a customer."""

    text: Note


class NoteView(BaseModel):
    """A note and who wrote it."""

    note_id: UUID
    retailer_id: str
    text: str
    written_by: str
    written_at: datetime
