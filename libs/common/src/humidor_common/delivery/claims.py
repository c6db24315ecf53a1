"""Takes due messages for an attempt and writes down what became of it; each in a short transaction."""

from collections.abc import Collection
from datetime import datetime, timedelta

from humidor_common.db.pool import Connection
from humidor_common.delivery.channels import Claimed
from humidor_common.delivery.retries import Outcome
from humidor_common.delivery.robots import MESSAGES_A_MINUTE

KEEP = timedelta(days=30)
PRUNE_ROWS = 5000
_LOOKED_AT = 200
# One at a time counts what robots were given; the lock is held for milliseconds.
_CLAIM_LOCK = 7_309_001

_CLAIM = """
WITH used AS MATERIALIZED (
    SELECT target, count(*) AS messages FROM delivery_attempts
    WHERE started_at > $1::timestamptz - interval '1 minute' GROUP BY target
), due AS MATERIALIZED (
    SELECT d.delivery_id, d.due_at,
           row_number() OVER (PARTITION BY d.target ORDER BY d.due_at, d.delivery_id) AS nth,
           CASE WHEN d.channel IN ('wecom', 'dingtalk') THEN $6 - coalesce(u.messages, 0) ELSE $5 END AS most
    FROM (
        SELECT delivery_id, due_at, target, channel FROM deliveries
        WHERE state = 'pending' AND due_at <= $1 AND target <> ALL($3::text[])
          AND (channel NOT IN ('wecom', 'dingtalk')
               OR target NOT IN (SELECT target FROM used WHERE messages >= $6))
        ORDER BY due_at LIMIT $7) d
    LEFT JOIN used u ON u.target = d.target
), chosen AS (
    SELECT d.delivery_id FROM deliveries d JOIN due USING (delivery_id)
    WHERE due.nth <= least(due.most, $5) AND d.state = 'pending' AND d.due_at <= $1
    ORDER BY d.due_at LIMIT $4 FOR UPDATE OF d SKIP LOCKED
), taken AS (
    UPDATE deliveries d SET attempts = attempts + 1, tries = tries + 1, due_at = $2
    FROM chosen c WHERE d.delivery_id = c.delivery_id
    RETURNING d.delivery_id, d.channel, d.target, d.secret, d.topic, d.subject, d.body, d.created_at,
              d.attempts AS attempt, d.tries, d.traceparent
), logged AS (
    INSERT INTO delivery_attempts (delivery_id, attempt, target, started_at)
    SELECT delivery_id, attempt, target, $1 FROM taken)
SELECT * FROM taken ORDER BY delivery_id
"""
_SETTLE = """
WITH attempt AS (
    UPDATE delivery_attempts SET ended_at = $3, outcome = $4, status = $5, detail = $6
    WHERE delivery_id = $1 AND attempt = $2)
UPDATE deliveries SET state = $7, due_at = $8, reason = CASE WHEN $7 <> 'sent' THEN $6 END,
                      settled_at = CASE WHEN $7 = 'pending' THEN NULL ELSE $3::timestamptz END
WHERE delivery_id = $1 AND attempts = $2 AND state = 'pending'
"""
_PRUNE = """
DELETE FROM deliveries WHERE delivery_id IN (
    SELECT delivery_id FROM deliveries
    WHERE state IN ('sent', 'dropped') AND settled_at < $1 ORDER BY settled_at LIMIT $2)
"""


async def claim(
    conn: Connection, *, now: datetime, lease_until: datetime, busy: Collection[str], limits: tuple[int, int]
) -> list[Claimed]:
    """Take what is due, the longest due first; until the lease ends nobody else takes it.

    `limits` are the most messages in all and to one target; `busy` targets get none. Robots get no more than
    they take in a minute.
    """
    await conn.execute("SELECT pg_advisory_xact_lock($1)", _CLAIM_LOCK)
    rows = await conn.fetch(_CLAIM, now, lease_until, list(busy), *limits, MESSAGES_A_MINUTE, _LOOKED_AT)
    return [Claimed(**row) for row in rows]


async def settle(
    conn: Connection, message: Claimed, outcome: Outcome, *, state: str, due_at: datetime, now: datetime
) -> None:
    """Write what became of an attempt; where another one has begun since, only in the log of attempts."""
    told = (outcome.result, outcome.status, outcome.detail)
    await conn.execute(_SETTLE, message.delivery_id, message.attempt, now, *told, state, due_at)


async def prune(conn: Connection, *, now: datetime) -> bool:
    """Forget some messages that were sent or dropped 30 days ago; gives whether more may be left."""
    done: str = await conn.execute(_PRUNE, now - KEEP, PRUNE_ROWS)
    return int(done.rpartition(" ")[2]) == PRUNE_ROWS
