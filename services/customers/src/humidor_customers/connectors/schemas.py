"""What callers send and see of connectors."""

from datetime import datetime
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints, TypeAdapter, model_validator

from humidor_common.delivery.signing import webhook_key
from humidor_common.web.inputs import Input, Name
from humidor_customers.crm.mapping import Mapping
from humidor_customers.crm.options import FxiaokeOptions, WebhookOptions, ZohoOptions

Kind: TypeAlias = Literal["zoho", "fxiaoke", "webhook"]
Options: TypeAlias = ZohoOptions | FxiaokeOptions | WebhookOptions

ConnectorId = Annotated[str, StringConstraints(max_length=40, pattern=r"^[a-z0-9][a-z0-9-]*$")]
Secret = Annotated[str, StringConstraints(min_length=1, max_length=1000, pattern=r"^[\x21-\x7e]+$")]
SecretName: TypeAlias = Literal[
    "client_id", "client_secret", "refresh_token", "app_id", "app_secret", "permanent_code", "signing_secret"
]

SECRETS: dict[Kind, frozenset[SecretName]] = {
    "zoho": frozenset(("client_id", "client_secret", "refresh_token")),
    "fxiaoke": frozenset(("app_id", "app_secret", "permanent_code")),
    "webhook": frozenset(("signing_secret",)),
}
_OPTIONS: dict[Kind, TypeAdapter[Any]] = {
    "zoho": TypeAdapter(ZohoOptions),
    "fxiaoke": TypeAdapter(FxiaokeOptions),
    "webhook": TypeAdapter(WebhookOptions),
}
_EXAMPLE: dict[str, JsonValue] = {
    "kind": "zoho",
    "name": "Sales CRM",
    "options": {"data_center": "com.cn"},
    "secrets": {"client_id": "1000.X", "client_secret": "x", "refresh_token": "1000.y"},
    "every_minutes": 30,
    "mapping": {
        "object": "Accounts",
        "fields": [
            {"ours": "name", "theirs": "Account_Name"},
            {"ours": "licence_number", "theirs": "Licence_No"},
        ],
    },
}


def is_signing_secret(text: str) -> bool:
    """Tell whether it is a secret of Standard Webhooks."""
    try:
        return text.startswith("whsec_") and 24 <= len(webhook_key(text)) <= 64
    except ValueError:
        return False


def options_of(kind: Kind, given: Any) -> Options:
    """Read the options of a kind.

    Raises:
        ValidationError: They do not fit.
    """
    found: Options = _OPTIONS[kind].validate_python(given)
    return found


class ConnectorInput(Input):
    """A connector as it shall be.

    `secrets` are sealed and never given back; those left out stay. `every_minutes` starts runs by itself.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    kind: Kind
    name: Name
    enabled: bool = True
    options: dict[str, JsonValue] = Field(default_factory=dict)
    mapping: Mapping
    every_minutes: Annotated[int, Field(ge=5, le=10_080)] | None = None
    secrets: dict[SecretName, Secret] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _check(self) -> "ConnectorInput":
        options_of(self.kind, self.options)
        if strange := sorted(set(self.secrets) - SECRETS[self.kind]):
            raise ValueError(
                f"{strange[0]} is no secret of a {self.kind}: {', '.join(sorted(SECRETS[self.kind]))}"
            )
        if "signing_secret" in self.secrets and not is_signing_secret(self.secrets["signing_secret"]):
            raise ValueError("a signing_secret is whsec_ and a key of 24 to 64 bytes in base64")
        if self.kind == "webhook" and self.every_minutes is not None:
            raise ValueError("a webhook sends by itself: it has no every_minutes")
        return self


class ConnectorView(BaseModel):
    """A connector as it is; of its secrets only which are set.

    `pulled_until` and `pushed_until` are up to when changes there and here were looked at; `due_at` is when
    the next run starts by itself.
    """

    connector_id: str
    kind: Kind
    name: str
    enabled: bool
    options: dict[str, Any]
    mapping: Mapping
    every_minutes: int | None
    secrets_set: list[str]
    pulled_until: datetime | None
    pushed_until: datetime | None
    due_at: datetime | None
    version: int
    changed_at: datetime
