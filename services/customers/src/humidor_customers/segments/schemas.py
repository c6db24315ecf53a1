"""What callers send and see of segments."""

from datetime import datetime
from typing import Any, Literal, TypeAlias
from uuid import UUID

from pydantic import BaseModel, ConfigDict, JsonValue

from humidor_common.web.inputs import Input, Name, Note
from humidor_customers.inputs import PartyKind

Mode: TypeAlias = Literal["live", "frozen"]

_EXAMPLE: dict[str, JsonValue] = {
    "name": "Good customers who go quiet",
    "party_kind": "retailer",
    "mode": "live",
    "rule": {
        "all": [
            {"field": "lifecycle", "in": ["cooling", "dormant"]},
            {"field": "value_segment", "in": ["at_risk", "cannot_lose"]},
        ]
    },
}


class PreviewInput(Input):
    """A rule to be tried: `all`, `any` or `not` of rules, or a `field` with a condition.

    Conditions are `is`, `is_not`, `in`, `at_least`, `at_most` and `known`.
    """

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"party_kind": "retailer", "rule": _EXAMPLE["rule"]}]}
    )

    party_kind: PartyKind
    rule: dict[str, Any]


class NewSegment(PreviewInput):
    """A segment: `live` is whoever meets the rule when it is read, `frozen` whoever met it when listed."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    name: Name
    mode: Mode


class SegmentInput(Input):
    """What may be changed of a segment; the rule of a frozen one may not."""

    name: Name
    rule: dict[str, Any]
    reason: Note | None = None


class Sampled(BaseModel):
    """A customer of a preview."""

    party_id: str
    lifecycle: str
    recency_days: int
    spend_year_minor: int
    favourite_brand: str | None


class PreviewView(BaseModel):
    """How many of the customers of a kind meet a rule, and twenty of them at random, always the same.

    `missing_models` have not been fitted: what rests on them is known of nobody.
    """

    size: int
    of: int
    sample: list[Sampled]
    missing_models: list[str]


class SegmentView(BaseModel):
    """A segment; `size` as it was counted last, `revision` of the last list of its members.

    A frozen one has no list (`revision` 0) until the job `job_id` is done, which was asked for it last.
    """

    segment_id: UUID
    name: str
    party_kind: PartyKind
    mode: Mode
    rule: dict[str, Any]
    size: int | None
    revision: int
    counted_at: datetime | None
    published_at: datetime | None
    job_id: UUID | None
    retired: bool
    version: int
    created_by: str
    created_at: datetime
    changed_at: datetime


class MemberView(BaseModel):
    """One customer of a segment."""

    party_id: str


class FieldView(BaseModel):
    """A field that rules may name; `model` has to be fitted, `party_kind` is the only kind that has it."""

    field: str
    kind: Literal["number", "text"]
    model: str | None
    party_kind: PartyKind | None


class FieldList(BaseModel):
    """All fields that rules may name."""

    fields: list[FieldView]
