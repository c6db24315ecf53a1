"""How a CRM is reached; secrets stand apart."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from humidor_common.web.inputs import Input, TimeZone

BaseUrl = Annotated[
    str, StringConstraints(max_length=200, pattern=r"^https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?$")
]
_Id = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^[\x21-\x7e]+$")]

_DATA_CENTERS = {
    "com": ("https://accounts.zoho.com", "https://www.zohoapis.com"),
    "eu": ("https://accounts.zoho.eu", "https://www.zohoapis.eu"),
    "in": ("https://accounts.zoho.in", "https://www.zohoapis.in"),
    "com.cn": ("https://accounts.zoho.com.cn", "https://www.zohoapis.com.cn"),
    "com.au": ("https://accounts.zoho.com.au", "https://www.zohoapis.com.au"),
    "jp": ("https://accounts.zoho.jp", "https://www.zohoapis.jp"),
}
_CLOUDS = {
    "default": "https://open.fxiaoke.com",
    "hwcloud": "https://open-hwcloud.fxiaoke.com",
    "ale": "https://open-ale.fxiaoke.com",
    "hws": "https://open-hws.fxiaoke.com",
    "na": "https://open-na.sharecrm.com",
}


class ZohoOptions(Input):
    """An organisation of Zoho CRM.

    `credits_reserve` are the API credits of 24 hours that are left to others: with fewer a run waits.
    `accounts_url` and `api_url` replace the data centre's addresses in installations that allow private ones.
    """

    data_center: Literal["com", "eu", "in", "com.cn", "com.au", "jp"] = "com"
    credits_reserve: Annotated[int, Field(ge=0, le=10**7)] = 500
    accounts_url: BaseUrl | None = None
    api_url: BaseUrl | None = None

    @property
    def accounts(self) -> str:
        return self.accounts_url or _DATA_CENTERS[self.data_center][0]

    @property
    def api(self) -> str:
        return self.api_url or _DATA_CENTERS[self.data_center][1]

    @property
    def own_urls(self) -> list[str]:
        return [each for each in (self.accounts_url, self.api_url) if each]


class FxiaokeOptions(Input):
    """A company of Fxiaoke (纷享销客).

    `auth` is `oauth` (OAuth 2.0: headers) or `legacy` (corpAccessToken in the body). `user_id` is whose
    rights count: for `oauth` an employee number such as 1000; for `legacy` an openUserId (`FSUID_…`) or,
    looked up, whose `mobile` it is. `owner` gets the records that are made. `url` replaces the cloud's
    address in installations that allow private ones.
    """

    auth: Literal["oauth", "legacy"] = "oauth"
    cloud: Literal["default", "hwcloud", "ale", "hws", "na"] = "default"
    user_id: _Id | None = None
    mobile: _Id | None = None
    owner: _Id | None = None
    time_zone: TimeZone = "Asia/Shanghai"
    url: BaseUrl | None = None

    @model_validator(mode="after")
    def _check(self) -> "FxiaokeOptions":
        if self.user_id is None and (self.auth == "oauth" or self.mobile is None):
            raise ValueError("user_id is needed, or mobile with auth legacy")
        return self

    @property
    def base(self) -> str:
        return self.url or _CLOUDS[self.cloud]

    @property
    def own_urls(self) -> list[str]:
        return [self.url] if self.url else []


class WebhookOptions(Input):
    """A system that sends records itself; nothing has to be said of it."""

    @property
    def own_urls(self) -> list[str]:
        return []
