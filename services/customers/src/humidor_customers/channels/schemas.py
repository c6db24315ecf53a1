"""What callers send and see of accounts with providers of channels, and of customers' names there."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue, StringConstraints

from humidor_common.delivery.endpoints import KEY_BYTES
from humidor_common.delivery.signing import webhook_key
from humidor_common.web.inputs import PRINTABLE, Input, Name
from humidor_customers.channels.adapter import AdapterName
from humidor_customers.channels.wecom_crypto import aes_key
from humidor_customers.parties import PartyView

AccountId = Annotated[str, StringConstraints(max_length=40, pattern=r"^[a-z0-9][a-z0-9._-]*$")]
Handle = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=PRINTABLE)]
Word = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[\x21-\x7e]+$")]
Url = Annotated[str, StringConstraints(min_length=8, max_length=500, pattern=r"^https?://[\x21-\x7e]+$")]

_SMS: dict[str, JsonValue] = {
    "name": "Notices by SMS",
    "config": {
        "adapter": "sms_tencent",
        "secret_id": "AKIDEXAMPLE",
        "secret_key": "…",
        "sdk_app_id": "1400006666",
        "sign_name": "城南烟草",
        "callback_key": "…",
    },
}


def _signing(secret: str) -> str:
    if len(webhook_key(secret)) < KEY_BYTES:
        raise ValueError("a signature needs whsec_ and at least 24 bytes in base64")
    return secret


def _aes(key: str) -> str:
    aes_key(key)
    return key


Signing = Annotated[Word, AfterValidator(_signing)]


class EmailConfig(Input):
    """Mail out by the server of the settings; in where a server posts raw mails signed with the secret."""

    adapter: Literal["email"]
    inbound_secret: Signing | None = None


class TencentSmsConfig(Input):
    """SMS by Tencent Cloud; replies and receipts come in with `callback_key` in their address."""

    adapter: Literal["sms_tencent"]
    secret_id: Word
    secret_key: Word | None = None
    sdk_app_id: Word
    sign_name: Name
    region: Word = "ap-guangzhou"
    callback_key: Annotated[Word, StringConstraints(min_length=24)] | None = None
    base_url: Url = "https://sms.tencentcloudapi.com"


class WecomConfig(Input):
    """WeChat customers through an account of WeCom's customer service."""

    adapter: Literal["wecom_kf"]
    corp_id: Word
    open_kfid: Word
    corp_secret: Word | None = None
    callback_token: Word | None = None
    encoding_aes_key: Annotated[Word, AfterValidator(_aes)] | None = None
    base_url: Url = "https://qyapi.weixin.qq.com"


class BridgeConfig(Input):
    """Another social channel behind a bridge of the distributor's own."""

    adapter: Literal["bridge"]
    url: Url
    webhook_secret: Signing | None = None


Config = Annotated[
    EmailConfig | TencentSmsConfig | WecomConfig | BridgeConfig, Field(discriminator="adapter")
]

SECRETS: dict[str, tuple[str, ...]] = {
    "email": ("inbound_secret",),
    "sms_tencent": ("secret_key", "callback_key"),
    "wecom_kf": ("corp_secret", "callback_token", "encoding_aes_key"),
    "bridge": ("webhook_secret",),
}
NEEDED: dict[str, tuple[str, ...]] = {
    "email": (),
    "sms_tencent": ("secret_key",),
    "wecom_kf": SECRETS["wecom_kf"],
    "bridge": SECRETS["bridge"],
}
URLS = ("base_url", "url")


class AccountInput(Input):
    """An account as it shall be; a secret that is left out stays what it is."""

    model_config = ConfigDict(json_schema_extra={"examples": [_SMS]})

    name: Name
    config: Config
    enabled: bool = True


class AccountView(BaseModel):
    """An account without its secrets, of which only the names are shown."""

    account_id: str
    adapter: AdapterName
    name: str
    settings: dict[str, Any]
    secrets: list[str]
    enabled: bool
    version: int
    changed_at: datetime
    changed_by: str


class HandleInput(Input):
    """Whom a name belongs to that somebody has over there, such as an `external_userid` of WeCom."""

    handle: Handle
    customer: PartyView


class HandleView(BaseModel):
    """A customer's name with a provider."""

    account_id: str
    handle: str
    customer: PartyView
    added_at: datetime
