"""Keeps comparing customers that have changed."""

from humidor_common.clock import utc_now
from humidor_common.db.keeping import keep
from humidor_common.db.pool import Pool
from humidor_common.db.transaction import transaction
from humidor_customers.duplicates.service import compare_due

EVERY_SECONDS = 2


async def keep_comparing(pool: Pool) -> None:
    """Work until cancelled, a piece a transaction; what fails is due again."""

    async def look() -> bool:
        async with transaction(pool) as conn:
            return bool(await compare_due(conn, now=utc_now()))

    await keep(look, "no customers compared", every_seconds=EVERY_SECONDS)
