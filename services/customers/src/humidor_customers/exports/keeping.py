"""Does away with files whose time is over."""

from humidor_common.clock import utc_now
from humidor_common.db.keeping import keep
from humidor_common.db.pool import Pool
from humidor_common.db.transaction import transaction
from humidor_customers.exports import queries

EVERY_SECONDS = 600.0
AT_ONCE = 5


async def keep_exports(pool: Pool) -> None:
    """Work until cancelled; several workers take files of their own."""

    async def look() -> bool:
        async with transaction(pool) as conn:
            return await queries.forget_old(conn, now=utc_now(), limit=AT_ONCE) == AT_ONCE

    await keep(look, "no exports forgotten", every_seconds=EVERY_SECONDS)
