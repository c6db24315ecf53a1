"""The settings of customers alone; each is read from the environment with the prefix `HUMIDOR_`."""

from collections.abc import Mapping

from pydantic import field_validator

from humidor_common.settings import ServiceSettings
from humidor_common.upstreams import parse_upstreams


class CustomersSettings(ServiceSettings):
    """Where services are that it asks for figures, as `inventory=http://inventory-api:8000`."""

    upstreams: str = ""

    @field_validator("upstreams")
    @classmethod
    def _check_upstreams(cls, value: str) -> str:
        parse_upstreams(value)
        return value

    @property
    def upstream_urls(self) -> Mapping[str, str]:
        return parse_upstreams(self.upstreams)
