"""The mapping file of a connector: which field here is which field there, and who is right."""

from collections import Counter
from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints, model_validator

Kind: TypeAlias = Literal["text", "integer", "number", "money", "date", "boolean", "choice", "list"]
Direction: TypeAlias = Literal["both", "in", "out"]
Wins: TypeAlias = Literal["newest", "ours", "theirs", "review"]
Match: TypeAlias = Literal["retailer_id", "licence_number"]

OURS: dict[str, Kind] = {
    "retailer_id": "text",
    "name": "text",
    "state": "choice",
    "licence_number": "text",
    "licence_valid_from": "date",
    "licence_valid_until": "date",
    "licence_status": "choice",
    "time_zone": "text",
    "business_format": "choice",
    "market_type": "choice",
    "trade_area": "text",
    "sales_line": "text",
    "compliance_grade": "text",
    "credit_limit_minor": "money",
    "currency": "text",
    "address": "text",
    "parent_id": "text",
    "tags": "list",
    "contact.name": "text",
    "contact.role": "text",
    "contact.phone": "text",
    "contact.email": "text",
}
ONLY_TOLD = frozenset(("retailer_id", "licence_status", "parent_id"))
NEVER_EMPTY = frozenset(("name", "state", "business_format", "market_type", "time_zone"))
CUSTOM = "custom."
MOST_FIELDS = 45

Ours = Annotated[str, StringConstraints(max_length=50, pattern=r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)?$")]
Theirs = Annotated[str, StringConstraints(max_length=100, pattern=r"^[A-Za-z][A-Za-z0-9_]*$")]
Word = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f-\x9f]*$")]

_EXAMPLE: dict[str, JsonValue] = {
    "object": "Accounts",
    "match": ["licence_number"],
    "conflicts": "newest",
    "fields": [
        {"ours": "name", "theirs": "Account_Name"},
        {"ours": "licence_number", "theirs": "Licence_No", "wins": "ours"},
        {"ours": "business_format", "theirs": "Shop_Type", "values": {"convenience": "便利店"}},
        {"ours": "retailer_id", "theirs": "Humidor_Id", "direction": "out"},
    ],
}


class FieldMap(BaseModel):
    """A field here and there; `values` says what a word here is called there.

    `in` fields are only taken, `out` fields only told. `wins` outweighs the mapping's `conflicts`.
    """

    model_config = ConfigDict(extra="forbid")

    ours: Ours
    theirs: Theirs
    direction: Direction = "both"
    wins: Wins | None = None
    values: Annotated[dict[Word, Word], Field(max_length=200)] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _check(self) -> "FieldMap":
        if self.ours not in OURS and not self.ours.startswith(CUSTOM):
            raise ValueError(
                f"ours is one of {', '.join(OURS)} or a custom field such as custom.shelf_metres"
            )
        if self.ours in ONLY_TOLD and self.direction != "out":
            raise ValueError(f"{self.ours} is only told: its direction is out")
        if len(set(self.values.values())) != len(self.values):
            raise ValueError("two values have the same word there")
        return self


class Mapping(BaseModel):
    """What of a trade customer stands where over there.

    `match` finds the customer of a record that is new: by the first of these fields that leads to one.
    `create` says on which side a record that the other side lacks is made; `deletions` whether a customer is
    closed (`close`) or kept when its record over there is deleted. `conflicts` decides where both sides
    changed a field since they last agreed: the side that changed later, ours, theirs, or a person (`review`).
    """

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_EXAMPLE]})

    object: Theirs
    match: Annotated[list[Match], Field(min_length=1, max_length=2)] = Field(
        default_factory=lambda: list[Match](("licence_number",))
    )
    create: Literal["both", "here", "there", "none"] = "both"
    conflicts: Wins = "newest"
    deletions: Literal["keep", "close"] = "keep"
    fields: Annotated[list[FieldMap], Field(min_length=1, max_length=MOST_FIELDS)]

    @model_validator(mode="after")
    def _check(self) -> "Mapping":
        for side in ("ours", "theirs"):
            counts = Counter(getattr(each, side) for each in self.fields)
            if repeated := sorted(name for name, count in counts.items() if count > 1):
                raise ValueError(f"{repeated[0]} stands there more than once")
        ours = {each.ours for each in self.fields}
        if "name" not in ours:
            raise ValueError("name is not mapped")
        if missing := [each for each in self.match if each not in ours]:
            raise ValueError(f"match needs {missing[0]} among the fields")
        return self

    @property
    def read(self) -> list[str]:
        """Name the fields to ask for over there."""
        return [each.theirs for each in self.fields]

    def theirs(self, ours: str) -> str:
        """Name a field as it is called over there."""
        return next(each.theirs for each in self.fields if each.ours == ours)
