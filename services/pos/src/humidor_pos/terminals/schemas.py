"""What operators send and see of terminals."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, StringConstraints

StoreId = Annotated[str, StringConstraints(max_length=32, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
Name = Annotated[str, StringConstraints(max_length=100, pattern=r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]*$")]


class NewTerminal(BaseModel):
    """A terminal to be registered."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"store_id": "S0001", "name": "till 1"}]}
    )

    store_id: StoreId
    name: Name = ""


class TerminalKey(BaseModel):
    """The key is shown this once; only its hash is kept."""

    terminal_id: str
    key: str


class TerminalView(BaseModel):
    """A terminal without its key."""

    terminal_id: str
    store_id: str
    name: str
    state: Literal["active", "revoked"]
    created_at: datetime
    rotated_at: datetime | None
    revoked_at: datetime | None
    last_seen_at: datetime | None
