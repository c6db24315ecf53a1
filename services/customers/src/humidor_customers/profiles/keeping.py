"""Keeps profiles current: those of whom something has changed at once, all others once a day."""

from datetime import timedelta

from humidor_common.clock import utc_now
from humidor_common.db.keeping import keep
from humidor_common.db.pool import Pool
from humidor_common.db.transaction import transaction
from humidor_customers.profiles import queries
from humidor_customers.profiles.computing import compute
from humidor_customers.purchases import queries as purchases

EVERY_SECONDS = 2.0
CHANGED_AT_ONCE = 20_000
AGED_AT_ONCE = 2_000
KEEP = timedelta(days=1)
"""What a year or a silence comes to changes with each day, also of those who buy nothing."""


async def keep_profiles(pool: Pool, *, consent_needed: bool) -> None:
    """Work until cancelled, a piece a transaction; what fails is due again."""

    async def look() -> bool:
        return bool(await refresh(pool, consent_needed=consent_needed))

    await keep(look, "no profiles computed", every_seconds=EVERY_SECONDS)


async def refresh(pool: Pool, *, consent_needed: bool) -> int:
    """Compute a piece of the profiles that are due; gives of how many customers.

    However many purchases a customer has made since, it is one computation, over three years at most.
    """
    async with transaction(pool) as conn:
        now = utc_now()
        await purchases.share(conn)  # before the first row, which who erases a member would wait for
        due = await purchases.take_parties(conn, CHANGED_AT_ONCE)
        parties = queries.as_parties(due) or await queries.aged(conn, before=now - KEEP, limit=AGED_AT_ONCE)
        if parties:
            await compute(conn, parties, now=now, consent_needed=consent_needed)
    return len(parties)
