"""What people do about alerts, and what is done where nobody does anything."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from humidor_common import audit
from humidor_common.auth import Principal
from humidor_common.db.pool import Connection
from humidor_common.web.problems import Problem, invalid, not_found
from humidor_inventory.alerts import lists
from humidor_inventory.alerts.reporting import tell
from humidor_inventory.alerts.rules import SEVERITIES, AlertKind
from humidor_inventory.alerts.schemas import AlertCount, AlertView, Overview, StoreCount

LONGEST_SNOOZE = timedelta(days=90)
_ESCALATED_AT_ONCE = 500

_ACKNOWLEDGE = """
UPDATE alerts SET acknowledged_at = $2, acknowledged_by = $3, acknowledged_note = $4, updated_at = $2
WHERE alert_id = $1
"""
_SNOOZE = """
UPDATE alerts SET snoozed_until = $2, snoozed_by = $3, updated_at = $4,
                  escalate_at = CASE WHEN escalate_at IS NOT NULL THEN greatest(escalate_at, $2) END
WHERE alert_id = $1
"""
_WAKE = "UPDATE alerts SET snoozed_until = NULL, snoozed_by = NULL, updated_at = $2 WHERE alert_id = $1"
_ESCALATE = """
UPDATE alerts SET escalated_at = $1, updated_at = $1 WHERE alert_id IN (
    SELECT alert_id FROM alerts
    WHERE escalate_at <= $1 AND closed_at IS NULL AND acknowledged_at IS NULL AND escalated_at IS NULL
    ORDER BY escalate_at LIMIT $2 FOR UPDATE SKIP LOCKED)
RETURNING alert_id, quiet
"""
_COUNT = """
SELECT kind, severity, count(*) AS open, count(acknowledged_at) AS acknowledged,
       count(*) FILTER (WHERE snoozed_until > $2) AS snoozed, count(escalated_at) AS escalated
FROM alerts WHERE closed_at IS NULL AND ($1::text[] IS NULL OR store_id = ANY($1)) GROUP BY kind, severity
"""
_COUNT_STORES = """
SELECT store_id, count(*) AS open, count(*) FILTER (WHERE severity = 'critical') AS critical
FROM alerts WHERE closed_at IS NULL AND ($1::text[] IS NULL OR store_id = ANY($1)) GROUP BY store_id
ORDER BY critical DESC, open DESC, store_id LIMIT $2
"""


async def acknowledge_alert(
    conn: Connection, principal: Principal, alert_id: UUID, note: str | None, *, now: datetime
) -> AlertView:
    """Say that somebody sees to it, so that it is not escalated; whoever was first stays."""
    before = await _lock_open(conn, principal, alert_id)
    if before.acknowledged_at is not None:
        return before
    await conn.execute(_ACKNOWLEDGE, alert_id, now, principal.subject, note)
    return await _changed(conn, principal, ("acknowledge", note), before)


async def snooze_alert(
    conn: Connection, principal: Principal, alert_id: UUID, until: datetime, *, reason: str, now: datetime
) -> AlertView:
    """Let nobody be told of it until then, nor have it escalated; it still closes by itself.

    Raises:
        Problem: 404; 409 where it is closed; 422 where `until` is past or more than 90 days away.
    """
    if not now < until <= now + LONGEST_SNOOZE:
        raise invalid("until", "lies within the next 90 days")
    before = await _lock_open(conn, principal, alert_id)
    await conn.execute(_SNOOZE, alert_id, until, principal.subject, now)
    return await _changed(conn, principal, ("snooze", reason), before)


async def wake_alert(conn: Connection, principal: Principal, alert_id: UUID, *, now: datetime) -> AlertView:
    """End a snooze; where there is none, that is so already."""
    before = await _lock_open(conn, principal, alert_id)
    if before.snoozed_until is None:
        return before
    await conn.execute(_WAKE, alert_id, now)
    return await _changed(conn, principal, ("wake", None), before)


async def get_alert(conn: Connection, principal: Principal, alert_id: UUID) -> AlertView:
    """Read one of a store that the caller may see."""
    view = await lists.get_alert(conn, alert_id)
    if not principal.may_use_store(view.store_id):
        raise not_found("alert", alert_id)
    return view


async def escalate_due(conn: Connection, *, now: datetime) -> int:
    """Escalate what nobody has acknowledged in the time of its rule, and tell; some at a time."""
    rows = await conn.fetch(_ESCALATE, now, _ESCALATED_AT_ONCE)
    await tell(conn, [row["alert_id"] for row in rows if not row["quiet"]], "escalated", now)
    return len(rows)


async def count_alerts(
    conn: Connection, visible: Sequence[str] | None, *, now: datetime, stores: int
) -> Overview:
    """Count what is open by kind and severity, and by store, those with most critical ones first."""
    rows = await conn.fetch(_COUNT, visible, now)
    kinds = list(AlertKind)
    counts = sorted(
        (AlertCount(**row) for row in rows),
        key=lambda count: (-SEVERITIES.index(count.severity), kinds.index(AlertKind(count.kind))),
    )
    by_store = [StoreCount(**row) for row in await conn.fetch(_COUNT_STORES, visible, stores)]
    return Overview(open=sum(count.open for count in counts), counts=counts, stores=by_store, as_of=now)


async def _lock_open(conn: Connection, principal: Principal, alert_id: UUID) -> AlertView:
    view = await lists.get_alert(conn, alert_id, lock=True)
    if not principal.may_use_store(view.store_id):
        raise not_found("alert", alert_id)
    if view.state == "closed":
        raise Problem(409, "alert-closed", "The cause of this alert has ended.")
    return view


async def _changed(
    conn: Connection, principal: Principal, what: tuple[str, str | None], before: AlertView
) -> AlertView:
    after = await lists.get_alert(conn, before.alert_id)
    documents: list[Any] = [view.model_dump(mode="json") for view in (before, after)]
    action, reason = what
    entity_id = str(before.alert_id)
    await audit.record(
        conn, principal, action, "alert", entity_id, before=documents[0], after=documents[1], reason=reason
    )
    return after
