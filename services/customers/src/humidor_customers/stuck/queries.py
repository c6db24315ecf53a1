"""Statements over orders that are stuck."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from humidor_common.db.pool import Connection
from humidor_customers.conditions import Conditions
from humidor_customers.orders.queries import only_visible
from humidor_customers.stuck.rules import PATIENCE, Waits
from humidor_customers.stuck.schemas import Filters

_NOTE = """
INSERT INTO orders_not_taken (order_id, waits, attempt, reason, noticed_at)
SELECT DISTINCT ON (1, 2) (e->>0)::uuid, e->>1, (e->>2)::int, e->>3, (e->>4)::timestamptz
FROM jsonb_array_elements($1::jsonb) e ORDER BY 1, 2, 3 DESC
ON CONFLICT (order_id, waits) DO UPDATE
SET attempt = excluded.attempt, reason = excluded.reason, noticed_at = excluded.noticed_at
WHERE orders_not_taken.attempt <= excluded.attempt
"""
# Few orders wait at a time, and few dead letters are open: neither grows with history.
_STUCK = """
SELECT o.order_id, o.retailer_id, o.cycle_id, o.store_id, o.stock AS waits, o.attempt, o.changed_at AS since,
       CASE WHEN n.order_id IS NOT NULL THEN 'not-taken' WHEN d.consumer = 'relay' THEN 'not-published'
            WHEN d.consumer IS NOT NULL THEN 'answer-not-taken' ELSE 'no-answer' END AS why,
       coalesce(n.reason, d.reason) AS reason
FROM orders o
LEFT JOIN orders_not_taken n ON n.order_id = o.order_id AND n.waits = o.stock AND n.attempt = o.attempt
LEFT JOIN LATERAL (
    SELECT consumer, reason FROM dead_letters d
    WHERE d.state = 'open' AND d.headers->>'ce_subject' = o.order_id::text
    ORDER BY d.dead_letter_id DESC LIMIT 1) d ON true
WHERE o.stock IN ('asked', 'releasing', 'shipping')
"""


class NotTaken(NamedTuple):
    """What was told of an order and could not be taken: the attempt it was, and why."""

    order_id: UUID
    waits: Waits
    attempt: int
    reason: str
    noticed_at: datetime


async def note(conn: Connection, found: Sequence[NotTaken]) -> None:
    await conn.execute(_NOTE, found)


async def page(
    conn: Connection,
    filters: Filters,
    visible: Sequence[str] | None,
    *,
    before: UUID,
    now: datetime,
    limit: int,
) -> list[dict[str, Any]]:
    """Read orders that are stuck, the newest first; `visible` bounds them to these stores."""
    statement, arguments = build(filters, visible, before=before, now=now, limit=limit)
    return [dict(row) for row in await conn.fetch(statement, *arguments)]


def build(
    filters: Filters, visible: Sequence[str] | None, *, before: UUID, now: datetime, limit: int
) -> tuple[str, list[Any]]:
    query = Conditions()
    query.where("o.order_id < ?", before)
    query.where("n.order_id IS NOT NULL OR d.consumer IS NOT NULL OR o.changed_at < ?", now - PATIENCE)
    for name in ("retailer_id", "store_id"):
        if (value := getattr(filters, name)) is not None:
            query.where(f"o.{name} = ?", value)
    only_visible(query, visible)
    return f"{_STUCK} AND {query.sql} ORDER BY o.order_id DESC LIMIT {limit}", query.arguments
