"""Keeps purchases in order that came out of turn."""

import asyncio

from humidor_common.db.failures import DATABASE_ERRORS
from humidor_common.db.pool import Pool
from humidor_common.telemetry.logs import get_logger
from humidor_customers.purchases.service import tidy

EVERY_SECONDS = 5

log = get_logger(__name__)


async def keep_purchases(pool: Pool) -> None:
    """Tidy now and then until cancelled."""
    while True:
        try:
            await tidy(pool)
        except DATABASE_ERRORS as error:
            log.warning("purchases not tidied", extra={"error": repr(error)})
        await asyncio.sleep(EVERY_SECONDS)
