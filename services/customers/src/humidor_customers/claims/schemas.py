"""What callers send and see of claims about delivered orders."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from humidor_common.web.inputs import Input, Minor, Note
from humidor_customers.catalogue.rules import Unit
from humidor_customers.claims.rules import Kind
from humidor_customers.inputs import Gtin, RetailerId
from humidor_customers.orders.schemas import Quantity


class ClaimedLine(Input):
    """What is wrong with how much of a product."""

    gtin: Gtin
    quantity: Quantity
    unit: Unit = "carton"
    kind: Kind


class ClaimInput(Input):
    """What a customer claims about a delivery, with the evidence in words."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "lines": [{"gtin": "06901028000017", "quantity": 1, "kind": "damaged"}],
                    "evidence": "wet carton, picture 4711",
                }
            ]
        }
    )

    lines: Annotated[list[ClaimedLine], Field(min_length=1, max_length=100)]
    evidence: Note

    @model_validator(mode="after")
    def _check(self) -> "ClaimInput":
        if len({(line.gtin, line.kind) for line in self.lines}) < len(self.lines):
            raise ValueError("a product stands in the claim twice for the same thing")
        return self


class ClaimedLineView(BaseModel):
    """A line of a claim; `value_minor` is what it cost in the order."""

    gtin: str
    kind: Kind
    sticks: int
    value_minor: int


class ClaimView(BaseModel):
    """A claim and what came of it."""

    claim_id: UUID
    order_id: UUID
    state: Literal["open", "accepted", "rejected"]
    lines: list[ClaimedLineView]
    evidence: str
    credited_minor: int
    raised_at: datetime
    raised_by: str
    decided_at: datetime | None
    decided_by: str | None
    decided_reason: str | None
    version: int


class Decision(Input):
    """Whether a claim is right, why, and what is credited; all that the lines cost unless less is said."""

    accept: bool
    credited_minor: Minor | None = None
    reason: Note


class Filters(BaseModel):
    """What a list of claims may be narrowed to."""

    order_id: UUID | None = None
    retailer_id: RetailerId | None = None
    state: Literal["open", "accepted", "rejected"] | None = None
