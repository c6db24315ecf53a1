"""Which processes make up the local system, and the environment of each."""

import os
import secrets
import sys
from collections.abc import Mapping
from dataclasses import dataclass

from humidor_cli.home import Home
from humidor_cli.services import SERVICES, ServiceSpec
from humidor_embedded.mqtt import MqttBroker
from humidor_embedded.postgres import PostgresServer
from humidor_embedded.process import Program

MQTT_USER = "humidor"


@dataclass(frozen=True)
class Layout:
    """Addresses and secrets that the processes get through their environment."""

    home: Home
    ports: Mapping[str, int]
    postgres: PostgresServer
    kafka_bootstrap_servers: str
    mqtt: MqttBroker | None = None

    @property
    def gateway_url(self) -> str:
        return f"http://127.0.0.1:{self.home.port}"

    @property
    def pos_url(self) -> str:
        return f"http://127.0.0.1:{self.ports['pos']}"

    def port_of(self, service: ServiceSpec, role: str) -> int:
        if service.name == "gateway":
            return self.home.port
        return self.ports[service.name if role == "api" else f"{service.name}-{role}"]

    def program(self, service: ServiceSpec, role: str) -> Program:
        return Program(
            name=f"{service.name} {role}",
            argv=[sys.executable, "-m", service.package, role],
            log=self.home.logs / f"{service.name}-{role}.log",
            env=self._environment(service, role),
        )

    def passwords(self) -> dict[str, str]:
        """A password for each service's role in the database, and for analysts', made once."""
        known = self.home.read("secrets/database.json")
        names = [spec.name for spec in SERVICES]
        names += [spec.reader_in_database for spec in SERVICES if spec.has_views]
        passwords = {name: known.get(name) or secrets.token_urlsafe(24) for name in names}
        if passwords != known:
            self.home.write("secrets/database.json", dict(passwords))
        return passwords

    def _environment(self, service: ServiceSpec, role: str) -> dict[str, str]:
        dsn = self.postgres.dsn(service.name, service.role_in_database, self.passwords()[service.name])
        upstreams = ",".join(
            f"{spec.name}=http://127.0.0.1:{self.ports[spec.name]}" for spec in SERVICES if spec.uses_bus
        )
        return {
            **os.environ,
            "HUMIDOR_PG_DSN": dsn,
            "HUMIDOR_KAFKA_BOOTSTRAP_SERVERS": self.kafka_bootstrap_servers,
            # The gateway has the keys themselves.
            "HUMIDOR_JWKS": f"{self.gateway_url}/.well-known/jwks.json" if service.uses_bus else "",
            "HUMIDOR_HOST": "127.0.0.1",
            "HUMIDOR_PORT": str(self.port_of(service, role if role in service.roles else "api")),
            "HUMIDOR_SIGNING_KEY": str(self.home.signing_key),
            "HUMIDOR_UPSTREAMS": upstreams,
            # What runs beside it on this machine may be told of alerts.
            "HUMIDOR_DELIVERY_PRIVATE_TARGETS": os.environ.get("HUMIDOR_DELIVERY_PRIVATE_TARGETS", "true"),
            "PYTHONUNBUFFERED": "1",
            **(self._mqtt(self.mqtt) if self.mqtt is not None and service.name == "inventory" else {}),
            **(self._connectors() if service.name == "customers" else {}),
        }

    def _connectors(self) -> dict[str, str]:
        """A key that seals the secrets of connectors, made once; one of the environment goes before it."""
        known = self.home.read("secrets/connectors.json")
        keys = os.environ.get("HUMIDOR_CONNECTOR_KEYS") or known.get("keys")
        if not keys:
            keys = secrets.token_urlsafe(32)
            self.home.write("secrets/connectors.json", {"keys": keys})
        return {"HUMIDOR_CONNECTOR_KEYS": keys}

    def _mqtt(self, broker: MqttBroker) -> dict[str, str]:
        known = self.home.read("secrets/mqtt.json")
        if not known.get("password"):
            known = {"password": secrets.token_urlsafe(24)}
            self.home.write("secrets/mqtt.json", known)
        return {
            "HUMIDOR_INVENTORY_MQTT_URL": f"mqtt://{MQTT_USER}:{known['password']}@127.0.0.1:{broker.port}",
            "HUMIDOR_INVENTORY_MQTT_PASSWORD_FILE": str(broker.password_file),
        }
