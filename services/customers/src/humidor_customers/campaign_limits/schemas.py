"""What callers send and see of limits of approval."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

from humidor_common.web.inputs import PRINTABLE, Input, Minor, Note
from humidor_customers.campaign_limits.rules import HolderKind

Holder = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=PRINTABLE)]


class LimitInput(Input):
    """Up to which budget somebody approves, in minor units; null is any amount. It counts until retired."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"amount_minor": 5_000_000, "reason": "Decided by the board"}]}
    )

    amount_minor: Minor | None
    retired: bool = False
    reason: Note | None = None


class LimitView(BaseModel):
    """A limit of a role or of one person, in one currency."""

    holder_kind: HolderKind
    holder: str
    currency: str
    amount_minor: int | None
    retired: bool
    version: int
    changed_by: str
    changed_at: datetime
