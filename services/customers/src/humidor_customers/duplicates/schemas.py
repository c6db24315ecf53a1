"""What callers see of candidates for duplicates."""

from datetime import datetime
from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, Field

from humidor_customers.duplicates.rules import ReasonCode
from humidor_customers.inputs import RetailerId

CandidateState: TypeAlias = Literal["open", "dismissed", "merged"]


class Filters(BaseModel):
    """What a list of candidates may be narrowed to."""

    state: CandidateState = "open"
    retailer_id: RetailerId | None = None
    least_score: Annotated[int, Field(ge=0, le=100)] = 0


class ReasonView(BaseModel):
    """Why two records are alike, and the points that it gives."""

    code: ReasonCode
    points: int
    detail: str


class CandidateView(BaseModel):
    """Two records that may be of one customer; 100 is the highest score."""

    first_id: str
    first_name: str
    second_id: str
    second_name: str
    score: int
    reasons: list[ReasonView]
    state: CandidateState
    found_at: datetime
    decided_at: datetime | None
    decided_by: str | None
    decision_reason: str | None
