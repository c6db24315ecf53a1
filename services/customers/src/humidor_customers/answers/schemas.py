"""What callers see of survey answers."""

from datetime import datetime
from typing import Annotated, Literal, TypeAlias
from uuid import UUID

from pydantic import BaseModel, StringConstraints, model_validator

from humidor_common.web.inputs import Input
from humidor_customers.inputs import PartyKind, RetailerId

Source: TypeAlias = Literal["file", "feedback"]
Unmatched: TypeAlias = Literal["unknown-customer", "no-consent", "membership-ended"]

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
    """What a list of responses may be narrowed to; a response needs its survey."""

    survey: SurveyId | None = None
    response_id: ResponseId | None = None
    retailer_id: RetailerId | None = None
    member_id: Token | None = None
    unmatched: Unmatched | None = None

    @model_validator(mode="after")
    def _check(self) -> "ResponseFilters":
        if self.response_id is not None and self.survey is None:
            raise ValueError("response_id needs survey")
        return self


class QuestionView(BaseModel):
    """What a question asked; of an answer in words only its length is kept."""

    kind: str
    lowest: int | None = None
    highest: int | None = None
    about: str | None = None
    text_length: int | None = None


class ResponseView(BaseModel):
    """A response of a trade customer, a member or nobody; `answers` by the headings of the file or by codes.

    `unmatched` says why one that named somebody is nobody's: nobody is known by the id (yet), or the member
    had not agreed to surveys or was none any more when it was answered. Those that `feedback` told have
    `questions`, the version of the survey and the `revision` of the answer.
    """

    survey: str
    response_id: str
    retailer_id: str | None
    member_id: str | None
    answered_at: datetime
    answers: dict[str, str]
    received_at: datetime
    source: Source = "file"
    unmatched: Unmatched | None = None
    survey_version: int | None = None
    revision: int | None = None
    channel: str | None = None
    store_id: str | None = None
    questions: dict[str, QuestionView] | None = None


class Response(ResponseView):
    """A response as it is kept: on the timeline it stands by its key, under the id by which it came."""

    response_key: UUID
    told_kind: PartyKind | None = None
    told_id: str | None = None
