"""What administrators send and see of systems."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, StringConstraints

from humidor_gateway.users.schemas import Name, Reason, State, StoreId

ClientId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]
ScopeName = Annotated[str, StringConstraints(pattern=r"^[a-z]{1,20}:(read|write|admin)$")]


class NewClient(BaseModel):
    """A system to be registered; `stores` null means every store."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"client_id": "erp", "name": "ERP", "scopes": ["inventory:read"]}]},
    )

    client_id: ClientId
    name: Name = ""
    scopes: list[ScopeName]
    stores: list[StoreId] | None = None


class ClientChange(BaseModel):
    """What to change; fields left out stay."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"state": "disabled"}]})

    name: Name | None = None
    scopes: list[ScopeName] | None = None
    stores: list[StoreId] | None = None
    all_stores: bool = False
    state: State | None = None
    reason: Reason | None = None


class ClientView(BaseModel):
    """A system without its secret."""

    client_id: str
    name: str
    scopes: list[str]
    stores: list[str] | None
    state: State
    version: int
    created_at: datetime
    changed_at: datetime
    last_used_at: datetime | None


class ClientWithSecret(BaseModel):
    """The secret is shown this once; only its hash is kept."""

    client: ClientView
    client_secret: str


class SystemToken(BaseModel):
    """The answer of the token endpoint (RFC 6749 §5.1)."""

    access_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - RFC 6749's constant
    expires_in: int
    scope: str
