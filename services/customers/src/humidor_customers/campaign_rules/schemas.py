"""What callers send and see of rules for campaigns."""

from datetime import date, datetime
from typing import Annotated, Any, Literal, Self, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

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
    """All have to hold; of a list one value. `discount` is whether somebody pays less by the campaign.

    `below_set_price` is whether its price is below the one that the catalogue sets. A rule that forbids this
    also has tills hold discounts in percent at the set price.
    """

    kind: Annotated[list[Kind], Field(min_length=1)] | None = None
    audience: Annotated[list[Audience], Field(min_length=1)] | None = None
    channel: Annotated[list[Channel], Field(min_length=1)] | None = None
    mechanics: Annotated[list[Mechanic], Field(min_length=1)] | None = None
    adult_check: Annotated[list[AdultCheck], Field(min_length=1)] | None = None
    discount: bool | None = None
    below_set_price: bool | None = None
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
    in_force_until: Day | None = None
    retired: bool = False
    reason: Note | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.in_force_until is not None and self.in_force_until < self.in_force_since:
            raise ValueError("in_force_until is not before in_force_since")
        return self


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
    in_force_until: date | None = None
    built_in: bool
    retired: bool = False
    version: int = 0
    changed_by: str | None = None
    changed_at: datetime | None = None


class RuleVersionView(RuleView):
    """A rule as it stood from `valid_from` until `valid_until` (null: to this day), and why it was changed.

    Those of the law are changed by the `software`, when a release with other ones is first run.
    """

    reason: str | None
    valid_from: datetime
    valid_until: datetime | None


class Finding(BaseModel):
    """A rule that meets a campaign, and the field by which it does."""

    rule_id: str
    severity: Severity
    field: str
    law: str
    article: str | None
    says: str
