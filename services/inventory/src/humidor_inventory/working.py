"""What the service's worker keeps doing beside consuming; the HTTP processes import none of it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from humidor_common.delivery.sender import Sender
from humidor_common.runtime import Runtime, beside
from humidor_inventory.alerts.sweep import keep_sweeping
from humidor_inventory.excursions.watch import watch_zones
from humidor_inventory.live.announcer import announcing
from humidor_inventory.notifications.digests import keep_telling
from humidor_inventory.planning.calculating import run_plans
from humidor_inventory.policies.due import recalculate_due
from humidor_inventory.purchasing.late import watch_deliveries
from humidor_inventory.readings.partitions import keep_climate_partitions
from humidor_inventory.readings.subscriber import take_by_mqtt
from humidor_inventory.reservations.expiry import release_expired
from humidor_inventory.rollups.rolling import keep_rollups
from humidor_inventory.sensors.passwords import keep_password_file
from humidor_inventory.settings import InventorySettings
from humidor_inventory.stock.partitions import keep_partitions

WORK = (keep_partitions, release_expired, keep_sweeping, keep_telling, keep_rollups, watch_deliveries)


@asynccontextmanager
async def working(runtime: Runtime) -> AsyncIterator[None]:
    """Do what time asks for meanwhile: plan, tell of changed stock, send what waits, watch the climate."""
    pool, wake = runtime.pool, runtime.wake_relay
    work = [each(pool) for each in WORK]
    work += [recalculate_due(runtime), run_plans(runtime)]
    if isinstance(settings := runtime.settings, InventorySettings):
        work += [
            Sender(pool, settings).run(),
            keep_climate_partitions(pool, settings),
            keep_password_file(pool, settings),
            take_by_mqtt(pool, settings, wake),
            watch_zones(pool, settings, wake),
        ]
    async with announcing(pool), beside(*work):
        yield
