"""What a worker keeps doing about personal data: the rules every day, late arrivals, what nobody fetched."""

import asyncio
from datetime import datetime, timedelta

from humidor_common.clock import utc_now
from humidor_common.db.pool import Pool
from humidor_common.db.transaction import transaction
from humidor_common.privacy import answering, retention
from humidor_common.privacy.holdings import Privacy
from humidor_common.telemetry.logs import get_logger

LOOK_SECONDS = 5
LATE_EVERY = timedelta(hours=1)
# Each hour what was just erased, for sales that were being written meanwhile; once a day a year and more, for
# tills that come back.
JUST_ERASED = timedelta(days=2)
LONG_AGO = timedelta(days=400)

log = get_logger(__name__)


async def keep_privacy(pool: Pool, privacy: Privacy) -> None:
    """Work until cancelled; what fails is done again."""
    late_at = daily_at = datetime.min.replace(tzinfo=utc_now().tzinfo)
    while True:
        now = utc_now()
        try:
            async with transaction(pool) as conn:
                await retention.ask_daily(conn, now=now)
            await retention.run_due(pool, privacy.purposes, now=now)
            if privacy.erased is not None and now >= late_at:
                await look_for_late(pool, privacy, JUST_ERASED if now < daily_at else LONG_AGO, now=now)
                daily_at = now + retention.EVERY if now >= daily_at else daily_at
                late_at = now + LATE_EVERY
        except Exception as error:  # noqa: BLE001 - work that comes again must outlive any one failure
            log.warning("personal data was not looked after", extra={"error": repr(error)})
        await asyncio.sleep(LOOK_SECONDS)


async def look_for_late(pool: Pool, privacy: Privacy, within: timedelta, *, now: datetime) -> None:
    """Erase what has come in late about members erased within a time, and forget what nobody fetched."""
    after: tuple[datetime, str] | None = (now - within, "")
    while after is not None:
        async with transaction(pool) as conn:
            after = await answering.erase_late(conn, privacy, after=after, now=now)
    async with transaction(pool) as conn:
        await answering.forget_gathered(conn, now=now)
