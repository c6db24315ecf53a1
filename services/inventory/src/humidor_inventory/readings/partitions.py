"""Keeps partitions of readings and rollups ready for the days to come, and drops those kept long enough."""

import asyncio
from datetime import timedelta

from humidor_common.clock import utc_now
from humidor_common.db.failures import DATABASE_ERRORS
from humidor_common.db.pool import Pool
from humidor_common.telemetry.logs import get_logger
from humidor_inventory.settings import InventorySettings

DAYS_AHEAD = 3
EVERY_SECONDS = 6 * 3600

log = get_logger(__name__)


async def keep_climate_partitions(pool: Pool, settings: InventorySettings) -> None:
    """Make and drop, now and then again until cancelled.

    Where it fails, readings go to the default partition and nothing is lost.
    """
    while True:
        try:
            await tidy_partitions(pool, settings)
        except DATABASE_ERRORS as error:
            log.warning("no climate partitions made", extra={"error": repr(error)})
        await asyncio.sleep(EVERY_SECONDS)


async def tidy_partitions(pool: Pool, settings: InventorySettings) -> tuple[int, int]:
    """Gives how many were made and how many dropped."""
    made = await pool.fetchval(
        "SELECT ensure_climate_partitions($1, $2)", settings.inventory_climate_late_days, DAYS_AHEAD
    )
    now = utc_now()
    readings_days = max(settings.inventory_climate_readings_days, settings.inventory_climate_late_days + 2)
    dropped = await pool.fetchval(
        "SELECT drop_climate_partitions($1, $2)",
        now - timedelta(days=readings_days),
        now - timedelta(days=max(settings.inventory_climate_rollups_days, readings_days)),
    )
    if made or dropped:
        log.info("climate partitions", extra={"made": made, "dropped": dropped})
    return made, dropped
