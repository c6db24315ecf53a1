"""What administrators send and see of users."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, StringConstraints

Username = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._@-]{0,63}$")]
StoreId = Annotated[str, StringConstraints(max_length=32, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
Name = Annotated[str, StringConstraints(max_length=100, pattern=r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]*$")]
Reason = Annotated[str, StringConstraints(max_length=500, pattern=r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$")]
Role = Literal["admin", "manager", "analyst", "quality", "clerk", "auditor"]
State = Literal["active", "disabled"]


class NewUser(BaseModel):
    """A user to be made; a one-time password is made with it. `stores` null means every store."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"username": "li.na", "display_name": "李娜", "roles": ["manager"], "stores": ["S0001"]}
            ]
        },
    )

    username: Username
    display_name: Name = ""
    roles: list[Role]
    stores: list[StoreId] | None = None


class UserChange(BaseModel):
    """What to change; fields left out stay. `all_stores` lifts the binding to stores."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"state": "disabled"}]})

    display_name: Name | None = None
    roles: list[Role] | None = None
    stores: list[StoreId] | None = None
    all_stores: bool = False
    state: State | None = None
    reason: Reason | None = None


class UserView(BaseModel):
    """A user without secrets."""

    user_id: UUID
    username: str
    display_name: str
    roles: list[str]
    stores: list[str] | None
    state: State
    must_change_password: bool
    oidc_issuer: str | None
    version: int
    created_at: datetime
    changed_at: datetime
    last_login_at: datetime | None


class UserWithPassword(BaseModel):
    """The one-time password is shown this once; the first log-in has to replace it."""

    user: UserView
    one_time_password: str


class AuditEntry(BaseModel):
    """One change: who, when, what, from, to and why."""

    id: int
    at: datetime
    actor: str
    actor_kind: str
    action: str
    entity: str
    entity_id: str
    before: dict[str, object] | None
    after: dict[str, object] | None
    reason: str | None
    trace_id: str | None
