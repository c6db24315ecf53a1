"""What can be set on the gateway beyond what every service has."""

from collections.abc import Mapping
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Self

from pydantic import field_validator, model_validator

from humidor_common.settings import ServiceSettings
from humidor_common.upstreams import parse_upstreams


class GatewaySettings(ServiceSettings):
    """Read from the environment, each name with the prefix `HUMIDOR_`.

    `signing_key` is the file of the private JWK Set; it is made when it does not exist. `upstreams` names the
    services' base URLs, `trusted_proxies` the networks whose X-Forwarded-* headers count.
    """

    kafka_bootstrap_servers: str = ""
    signing_key: Path
    jwks: str = ""
    upstreams: str = ""
    trusted_proxies: str = ""

    upstream_answer_seconds: float = 30.0
    upstream_stall_seconds: float = 60.0
    upstream_connections: int = 256
    stream_limit_bytes: int = 4 * 1024**3
    client_rate_per_second: float = 1000.0
    address_rate_per_second: float = 5000.0

    access_token_seconds: int = 900
    session_hours: int = 12

    oidc_issuer: str = ""
    oidc_client_id: str = ""
    oidc_client_secret: str = ""
    oidc_redirect_url: str = ""
    oidc_scope: str = "openid profile email"
    oidc_roles_claim: str = "roles"
    oidc_roles: str = ""
    oidc_stores_claim: str = ""

    @field_validator("upstreams")
    @classmethod
    def _check_upstreams(cls, value: str) -> str:
        parse_upstreams(value)
        return value

    @field_validator("access_token_seconds")
    @classmethod
    def _check_lifetime(cls, value: int) -> int:
        if not 30 <= value <= 900:
            raise ValueError("an access token lives 30 to 900 seconds")
        return value

    @model_validator(mode="after")
    def _verify_with_own_keys(self) -> Self:
        # The key file is a key set too; only its public part is read from it.
        self.jwks = self.jwks or str(self.signing_key)
        return self

    @property
    def upstream_urls(self) -> Mapping[str, str]:
        return parse_upstreams(self.upstreams)

    @property
    def trusted_networks(self) -> tuple[IPv4Network | IPv6Network, ...]:
        names = [name.strip() for name in self.trusted_proxies.split(",")]
        return tuple(ip_network(name, strict=False) for name in names if name)
