"""Keeps comparing customers that have changed."""

import asyncio

from humidor_common.clock import utc_now
from humidor_common.db.failures import DATABASE_ERRORS
from humidor_common.db.pool import Pool
from humidor_common.db.transaction import transaction
from humidor_common.telemetry.logs import get_logger
from humidor_customers.duplicates.service import compare_due

EVERY_SECONDS = 2

log = get_logger(__name__)


async def keep_comparing(pool: Pool) -> None:
    """Work until cancelled, a piece a transaction; what fails is due again."""
    while True:
        try:
            async with transaction(pool) as conn:
                done = await compare_due(conn, now=utc_now())
        except DATABASE_ERRORS as error:
            done = 0
            log.warning("no customers compared", extra={"error": repr(error)})
        await asyncio.sleep(0 if done else EVERY_SECONDS)
