"""What another system sends by webhook, and the answer."""

from typing import Annotated, Any

from pydantic import BaseModel, Field, StringConstraints

from humidor_common.web.inputs import Input, Label, Moment
from humidor_customers.exchange.schemas import ErrorView

MOST_RECORDS = 100
RemoteId = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^[\x21-\x7e]+$")]
_FieldName = Annotated[str, StringConstraints(max_length=100)]


class HookRecord(Input):
    """A record over there; `fields` has what is known of it, by the names of the mapping.

    A field that is left out says nothing, one that is null says that it is empty.
    """

    id: RemoteId
    deleted: bool = False
    modified_at: Moment | None = None
    fields: Annotated[dict[_FieldName, Any], Field(max_length=200)] = Field(default_factory=dict)


class HookData(BaseModel):
    """Some records."""

    records: Annotated[list[HookRecord], Field(min_length=1, max_length=MOST_RECORDS)]


class HookMessage(BaseModel):
    """A message of Standard Webhooks."""

    type: Label
    data: HookData


class ResultView(BaseModel):
    """What became of a record: `created`, `changed`, `linked`, `unchanged`, `gone`, `skipped`, `failed`."""

    id: str
    outcome: str
    retailer_id: str | None
    code: str | None = None
    errors: list[ErrorView] = Field(default_factory=list)


class HookAnswer(BaseModel):
    """What became of each record."""

    results: list[ResultView]
