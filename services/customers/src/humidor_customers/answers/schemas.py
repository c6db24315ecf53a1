"""What callers see of survey answers."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, StringConstraints

from humidor_common.web.inputs import Input
from humidor_customers.inputs import RetailerId

SurveyId = Annotated[str, StringConstraints(max_length=60, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
ResponseId = Annotated[str, StringConstraints(min_length=1, max_length=60, pattern=r"^[\x21-\x7e]+$")]
AnswerText = Annotated[str, StringConstraints(max_length=5000, pattern=r"^[^\x00]*$")]
Token = Annotated[str, StringConstraints(max_length=60, pattern=r"^[^\x00-\x1f\x7f]*$")]


class ResponseItem(Input):
    """A response of a file; its questions are added as fields `q0`, `q1` …."""

    response_id: ResponseId
    answered_at: Token | None = None
    customer: Token | None = None


class ResponseFilters(BaseModel):
    """What a list of responses may be narrowed to."""

    survey: SurveyId | None = None
    retailer_id: RetailerId | None = None
    member_id: Token | None = None


class ResponseView(BaseModel):
    """A response of a trade customer, a member or nobody; `answers` by the headings of the file."""

    survey: str
    response_id: str
    retailer_id: str | None
    member_id: str | None
    answered_at: datetime
    answers: dict[str, str]
    received_at: datetime
