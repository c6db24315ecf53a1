"""What callers send and see of rules for campaigns."""

from datetime import date, datetime
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from humidor_common.web.inputs import Day, Input, Label, Name, Note
from humidor_customers.campaign_rules.rules import (
    AdultCheck,
    Audience,
    Channel,
    Jurisdiction,
    Kind,
    Mechanic,
    Severity,
)

RuleId = Annotated[str, StringConstraints(max_length=60, pattern=r"^[a-z0-9][a-z0-9.-]*$")]
OWN = "own."
"""What the ids of operators' rules begin with, so that no later rule of the law has the same."""
Judged: TypeAlias = Literal[
    "kind", "audience", "channel", "mechanics", "adult_check", "discount_percent", "price_per_pack"
]


class Conditions(Input):
    """All have to hold; of a list one value. `discount` is whether somebody pays less by the campaign."""

    kind: Annotated[list[Kind], Field(min_length=1)] | None = None
    audience: Annotated[list[Audience], Field(min_length=1)] | None = None
    channel: Annotated[list[Channel], Field(min_length=1)] | None = None
    mechanics: Annotated[list[Mechanic], Field(min_length=1)] | None = None
    adult_check: Annotated[list[AdultCheck], Field(min_length=1)] | None = None
    discount: bool | None = None
    discount_above_percent: Annotated[float, Field(ge=0, lt=100)] | None = None


class RuleInput(Input):
    """A rule of the operator's own, beside those of the law; retired, it says nothing any more."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "severity": "review",
                    "field": "kind",
                    "conditions": {"kind": ["trade_terms"], "discount_above_percent": 10},
                    "law": "House rule 7 on terms",
                    "says": "More than 10 % is looked at by the head of sales.",
                    "in_force_since": "2026-01-01",
                    "reason": "Decided by the board",
                }
            ]
        }
    )

    severity: Severity
    field: Judged
    conditions: Conditions
    law: Name
    article: Label | None = None
    source: Name | None = None
    says: Note
    in_force_since: Day
    retired: bool = False
    reason: Note | None = None


class RuleView(BaseModel):
    """A rule; one that is `built_in` comes with the software and nobody loosens it."""

    rule_id: str
    jurisdiction: Jurisdiction
    severity: Severity
    field: str
    conditions: dict[str, Any]
    law: str
    article: str | None
    source: str | None
    says: str
    in_force_since: date
    built_in: bool
    retired: bool = False
    version: int = 0
    changed_by: str | None = None
    changed_at: datetime | None = None


class Finding(BaseModel):
    """A rule that meets a campaign, and the field by which it does."""

    rule_id: str
    severity: Severity
    field: str
    law: str
    article: str | None
    says: str
