"""Keeps a Mosquitto's password file: devices prove themselves to the broker by their own keys."""

import asyncio
import os
from pathlib import Path
from urllib.parse import unquote, urlsplit

from humidor_common.db.failures import DATABASE_ERRORS
from humidor_common.db.pool import Pool
from humidor_common.telemetry.logs import get_logger
from humidor_inventory.sensors.rules import broker_hash
from humidor_inventory.settings import InventorySettings

EVERY_SECONDS = 1.0
_ALL = "SELECT device_id || ':' || broker_hash FROM climate_devices WHERE state = 'active' ORDER BY device_id"
_REVISION = "SELECT revision FROM climate_credentials"

log = get_logger(__name__)


async def keep_password_file(pool: Pool, settings: InventorySettings) -> None:
    """Write the file where it is wanted, now and whenever a key is made, changed or shut out.

    The broker reads it again when it is told to (deploy/mosquitto/run.sh does that); the service's own user
    stands in it as well, with the password of `HUMIDOR_INVENTORY_MQTT_URL`.
    """
    if not settings.inventory_mqtt_password_file:
        return
    path = Path(settings.inventory_mqtt_password_file)
    own = own_line(settings.inventory_mqtt_url)
    written: int | None = None
    while True:
        try:
            revision = await pool.fetchval(_REVISION)
            if revision != written or not await asyncio.to_thread(path.exists):
                lines = [row[0] for row in await pool.fetch(_ALL)]
                await asyncio.to_thread(write_file, path, [*own, *lines])
                written = revision
        except DATABASE_ERRORS as error:
            log.warning("the broker's password file was not written", extra={"error": repr(error)})
        await asyncio.sleep(EVERY_SECONDS)


def own_line(url: str) -> list[str]:
    """Give the line of the service's own user, none where the address names no user."""
    parts = urlsplit(url)
    if not parts.username or not parts.password:
        return []
    return [f"{unquote(parts.username)}:{broker_hash(unquote(parts.password))}"]


def write_file(path: Path, lines: list[str]) -> None:
    """Replace the file in one step, so that nobody reads half of it."""
    temporary = path.with_name(f".{path.name}.new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write("".join(f"{line}\n" for line in lines))
    temporary.replace(path)
