"""Judges zones as readings come and time passes, and looks again who lies in excursions that go on."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

from humidor_common.clock import utc_now
from humidor_common.db.failures import DATABASE_ERRORS
from humidor_common.db.pool import Pool
from humidor_common.db.transaction import transaction
from humidor_common.telemetry.logs import get_logger
from humidor_inventory.excursions.exposures import refresh_exposures
from humidor_inventory.excursions.service import ZONES_AT_ONCE, judge_zones
from humidor_inventory.settings import InventorySettings

EVERY_SECONDS = 1.0
LOOK_AGAIN_AFTER = timedelta(minutes=1)

log = get_logger(__name__)


async def watch_zones(pool: Pool, settings: InventorySettings, wake: Callable[[], None]) -> None:
    """Work until cancelled; several workers share the zones. What fails is judged at the next turn."""
    late = timedelta(days=settings.inventory_climate_late_days)
    while True:
        try:
            while judged := await judge_once(pool, late=late):
                wake()
                if judged < ZONES_AT_ONCE:
                    break
            async with transaction(pool) as conn:
                now = utc_now()
                await refresh_exposures(conn, before=now - LOOK_AGAIN_AFTER, now=now)
        except DATABASE_ERRORS as error:
            log.warning("zones were not judged", extra={"error": repr(error)})
        except Exception:  # a zone that cannot be judged must not end the watch over the others
            log.exception("zones were not judged")
        await asyncio.sleep(EVERY_SECONDS)


async def judge_once(pool: Pool, *, late: timedelta) -> int:
    """Judge what is due in one transaction; gives how many zones there were."""
    async with transaction(pool) as conn:
        return await judge_zones(conn, now=utc_now(), late=late)
