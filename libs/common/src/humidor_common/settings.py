"""Settings that every service has; a service adds its own in a subclass."""

from pydantic_settings import BaseSettings, SettingsConfigDict


class ServiceSettings(BaseSettings):
    """Read from the environment, each name with the prefix `HUMIDOR_` (so `HUMIDOR_PG_DSN`)."""

    model_config = SettingsConfigDict(env_prefix="HUMIDOR_", extra="ignore")

    pg_dsn: str
    pg_pool_size: int = 8
    pg_command_timeout_seconds: float = 30.0

    kafka_bootstrap_servers: str
    kafka_security_protocol: str = "PLAINTEXT"
    kafka_sasl_mechanism: str | None = None
    kafka_username: str | None = None
    kafka_password: str | None = None
    kafka_ssl_cafile: str | None = None
    kafka_partitions: int = 6
    kafka_replication: int = 1
    topic_prefix: str = ""
    relay_patience_seconds: float = 3.0

    dask_address: str | None = None

    jwks: str
    issuer: str = "humidor"

    host: str = "127.0.0.1"
    port: int = 0
    body_limit_bytes: int = 8 * 1024 * 1024
    log_level: str = "INFO"
    access_log: bool = False
