"""Frees, now and then, what reservations kept whose time is over."""

import asyncio

from humidor_common.clock import utc_now
from humidor_common.db.failures import DATABASE_ERRORS
from humidor_common.db.pool import Pool
from humidor_common.db.transaction import transaction
from humidor_common.telemetry.logs import get_logger
from humidor_inventory.reservations.service import expire_due

EVERY_SECONDS = 5

log = get_logger(__name__)


async def release_expired(pool: Pool) -> None:
    """Work until cancelled; where it fails nothing is lost, because what is over is never counted."""
    while True:
        try:
            async with transaction(pool) as conn:
                freed = await expire_due(conn, now=utc_now())
            if freed:
                log.info("reservations expired", extra={"count": freed})
        except DATABASE_ERRORS as error:
            log.warning("no reservations expired", extra={"error": repr(error)})
        await asyncio.sleep(EVERY_SECONDS)
