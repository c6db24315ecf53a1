"""Spreads what was noticed over the subscriptions, and tells each in one message for each of its windows."""

import asyncio
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from humidor_common.clock import utc_now
from humidor_common.db.failures import DATABASE_ERRORS
from humidor_common.db.pool import Connection, Pool
from humidor_common.db.transaction import transaction
from humidor_common.delivery import enqueue
from humidor_common.telemetry.logs import get_logger
from humidor_inventory.alerts.service import escalate_due
from humidor_inventory.notifications import queries
from humidor_inventory.notifications.rules import (
    LINES,
    STORES,
    Digest,
    Quiet,
    document_of,
    due_at,
    subject_of,
    text_of,
)
from humidor_inventory.notifications.service import outgoing

POLL_SECONDS = 1.0
NOTICES_AT_ONCE = 2000

log = get_logger(__name__)


async def keep_telling(pool: Pool) -> None:
    """Escalate, spread and tell until cancelled; where it fails, all of it is still there the next time."""
    while True:
        try:
            await tell_all(pool, now=utc_now())
        except DATABASE_ERRORS as error:
            log.warning("nobody told, trying again", extra={"error": repr(error)})
        await asyncio.sleep(POLL_SECONDS)


async def tell_all(pool: Pool, *, now: datetime) -> int:
    """Do everything that is due now, a piece in a transaction; gives how many messages were put in."""
    for work in (escalate_due, spread_notices):
        more = 1
        while more:
            async with transaction(pool) as conn:
                more = await work(conn, now=now)
    told = 0
    while True:
        async with transaction(pool) as conn:
            subscription = await conn.fetchrow(queries.TAKE_DUE, now)
            if subscription is None:
                return told
            told += await _tell(conn, subscription, now)


async def spread_notices(conn: Connection, *, now: datetime) -> int:
    """Put some notices into the digests of those who want them; gives how many notices there were."""
    row = await conn.fetchrow(queries.SPREAD, now, NOTICES_AT_ONCE)
    notices, touched = (row["notices"], row["touched"]) if row else (0, None)
    if touched:
        urgent: dict[UUID, bool] = {UUID(subscription_id): urgent for subscription_id, urgent in touched}
        windows = await conn.fetch(queries.WINDOWS, list(urgent))
        due = [
            (
                window["subscription_id"],
                due_at(
                    now, window["window_seconds"], _quiet(window), urgent=urgent[window["subscription_id"]]
                ),
            )
            for window in windows
        ]
        await conn.execute(queries.SET_DUE, due)
    return int(notices)


async def _tell(conn: Connection, subscription: Any, now: datetime) -> int:
    """Make one message of all that waits for a subscription, whose row is locked."""
    subscription_id = subscription["subscription_id"]
    found = await conn.fetchval(queries.DIGEST, subscription_id, now, LINES, STORES)
    await conn.execute(queries.TAKEN, subscription_id)
    digest = msgspec.convert(found, Digest)
    if not digest.total or not subscription["enabled"]:
        return 0
    document = document_of(digest) | {
        "subscription_id": subscription_id,
        "subscription": subscription["name"],
    }
    language = subscription["language"]
    message = outgoing(subscription, subject_of(digest, language), document, text_of(digest, language))
    await enqueue(conn, [message], now=now)
    return 1


def _quiet(window: Any) -> Quiet | None:
    if window["quiet_from"] is None:
        return None
    return Quiet(window["quiet_from"], window["quiet_until"], window["time_zone"])
