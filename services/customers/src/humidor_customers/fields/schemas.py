"""What callers send and see of custom fields."""

from datetime import datetime
from typing import Annotated, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from humidor_common.web.inputs import PRINTABLE, Input, Label
from humidor_customers.fields.rules import Kind

FieldName = Annotated[str, StringConstraints(max_length=40, pattern=r"^[a-z][a-z0-9_]*$")]
CustomText = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=PRINTABLE)]
CustomNumber = Annotated[float, Field(ge=-(10**15), le=10**15, allow_inf_nan=False)]
CustomValue: TypeAlias = bool | CustomNumber | CustomText
Custom = Annotated[dict[FieldName, CustomValue], Field(max_length=100)]


class FieldInput(Input):
    """A custom field of trade customers as it shall be.

    `choices` belong to the kind `choice`. The kind never changes and choices that are in use stay; a field is
    retired rather than removed.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"label": "Display cabinet", "kind": "choice", "choices": ["none", "one", "two"]}]
        }
    )

    label: Label
    kind: Kind
    choices: Annotated[list[CustomText], Field(max_length=200)] = Field(default_factory=list)
    required: bool = False
    retired: bool = False

    @model_validator(mode="after")
    def _check(self) -> "FieldInput":
        if (self.kind == "choice") != bool(self.choices):
            raise ValueError("choices belong to the kind choice, which needs some")
        if len(set(self.choices)) != len(self.choices):
            raise ValueError("a choice stands there more than once")
        return self


class FieldView(BaseModel):
    """A custom field as it is."""

    field: str
    label: str
    kind: Kind
    choices: list[str]
    required: bool
    retired: bool
    version: int
    changed_at: datetime
