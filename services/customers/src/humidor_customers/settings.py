"""The settings of customers alone; each is read from the environment with the prefix `HUMIDOR_`."""

from collections.abc import Mapping
from typing import Literal

from pydantic import Field, field_validator
from pydantic_settings import SettingsConfigDict

from humidor_common.auth.sealing import Sealer
from humidor_common.delivery.settings import DeliverySettings
from humidor_common.upstreams import parse_upstreams


class CustomersSettings(DeliverySettings):
    """How long webhooks are tried, and where services are that it asks: `inventory=http://inventory-api:8000`.

    `connector_keys` seal the secrets of connectors and channels (`humidor_common.auth.sealing`). With
    `profiles_need_consent` members are profiled only where they have consented to analysis; without it, all
    but those who have refused. `customers_jurisdiction` is where campaigns take place, whose law they keep.
    Models of customers are fitted anew after `customers_models_days`; with 0 only when somebody asks.
    """

    model_config = SettingsConfigDict(hide_input_in_errors=True)

    # With the back-off of `retries.delay` the last one comes after 25 to 50 hours.
    customers_webhook_attempts: int = 15
    upstreams: str = ""
    connector_keys: str = ""
    profiles_need_consent: bool = False
    customers_jurisdiction: Literal["CN", "US", "EU"] = "CN"
    customers_models_days: int = Field(default=1, ge=0, le=365)

    @field_validator("upstreams")
    @classmethod
    def _check_upstreams(cls, value: str) -> str:
        parse_upstreams(value)
        return value

    @field_validator("connector_keys")
    @classmethod
    def _check_keys(cls, value: str) -> str:
        Sealer(value)
        return value

    @property
    def of_webhooks(self) -> DeliverySettings:
        """The settings of whoever sends them."""
        return self.model_copy(update={"delivery_attempts": self.customers_webhook_attempts})

    @property
    def upstream_urls(self) -> Mapping[str, str]:
        return parse_upstreams(self.upstreams)
