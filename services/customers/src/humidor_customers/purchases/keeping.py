"""Keeps purchases in order that came out of turn."""

from humidor_common.db.keeping import keep
from humidor_common.db.pool import Pool
from humidor_customers.purchases.service import tidy

EVERY_SECONDS = 5


async def keep_purchases(pool: Pool) -> None:
    """Tidy now and then until cancelled."""

    async def look() -> bool:
        await tidy(pool)
        return False

    await keep(look, "purchases not tidied", every_seconds=EVERY_SECONDS)
