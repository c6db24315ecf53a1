"""What callers send and see of consultations before a sale and of sample requests."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

from humidor_common.web.inputs import Currency, Input, Minor, Moment, Name, Note
from humidor_customers.inputs import Code, Gtin, RetailerId
from humidor_customers.parties import PartyInput
from humidor_customers.samples.rules import Kind, State
from humidor_customers.tasks.schemas import Assignee

_SAMPLE: dict[str, JsonValue] = {
    "kind": "sample",
    "customer": {"kind": "retailer", "id": "C100"},
    "subject": "Wants to try the new slim before ordering",
    "lines": [{"gtin": "06901028001234", "sticks": 200}],
    "owner": "li.na",
}


class LineInput(Input):
    """A product asked about or asked for; `sticks` of samples."""

    gtin: Gtin
    sticks: Annotated[int, Field(ge=1, le=10_000)] | None = None


class PresaleInput(Input):
    """A consultation, or a request for samples; samples of tobacco are for licensed trade customers alone."""

    model_config = ConfigDict(json_schema_extra={"examples": [_SAMPLE]})

    kind: Kind
    customer: PartyInput
    subject: Name
    lines: Annotated[list[LineInput], Field(max_length=50)] = Field(default_factory=list)
    owner: Assignee

    @model_validator(mode="after")
    def _check(self) -> "PresaleInput":
        if self.kind == "sample" and not (self.lines and all(each.sticks for each in self.lines)):
            raise ValueError("samples are asked for by lines, each with sticks")
        return self


class StepInput(Input):
    """Where it goes next; `converted` names the order, with its value where that is known."""

    state: State
    note: Note | None = None
    order_reference: Code | None = None
    value_minor: Minor | None = None
    currency: Currency | None = None

    @model_validator(mode="after")
    def _check(self) -> "StepInput":
        if (self.state == "converted") != (self.order_reference is not None):
            raise ValueError("what is converted names its order_reference, and nothing else does")
        if (self.value_minor is None) != (self.currency is None):
            raise ValueError("value_minor and currency go together")
        if self.value_minor is not None and self.state != "converted":
            raise ValueError("only what is converted has a value")
        return self


class Filters(BaseModel):
    """What a list may be narrowed to."""

    kind: Kind | None = None
    retailer_id: RetailerId | None = None
    open: bool | None = None


class Period(BaseModel):
    """When what is counted was opened: from `since` on, before `until`."""

    since: Moment
    until: Moment


class StepView(BaseModel):
    """One step of the way."""

    state: State
    note: str | None
    taken_by: str
    taken_at: datetime


class PresaleView(BaseModel):
    """A consultation or sample request with its way so far; `licence_number` is the one it was decided on."""

    presale_id: UUID
    kind: Kind
    retailer_id: str
    state: State
    subject: str
    lines: list[LineInput]
    owner: str
    licence_number: str | None
    order_reference: str | None
    value_minor: int | None
    currency: str | None
    opened_at: datetime
    closed_at: datetime | None
    version: int
    changed_at: datetime
    steps: list[StepView]


class ConversionView(BaseModel):
    """What came of all that was opened in a period, by kind; `median_days` is from opening to the order."""

    kind: Kind
    opened: int
    by_state: dict[str, int]
    converted: int
    conversion_rate: float | None
    median_days: float | None
    value_minor: dict[str, int]


class Conversions(BaseModel):
    """Conversions of a period."""

    items: list[ConversionView]
