"""Settings of a service that sends messages to the outside."""

from typing import Literal

from humidor_common.settings import ServiceSettings


class DeliverySettings(ServiceSettings):
    """How messages are sent; without `smtp_host` mails are parked until there is one."""

    delivery_private_targets: bool = False
    delivery_attempts: int = 8
    delivery_first_retry_seconds: float = 5.0
    delivery_timeout_seconds: float = 10.0

    smtp_host: str | None = None
    smtp_port: int = 587
    smtp_security: Literal["none", "starttls", "tls"] = "starttls"
    smtp_username: str | None = None
    smtp_password: str | None = None
    smtp_sender: str = "humidor@localhost"
