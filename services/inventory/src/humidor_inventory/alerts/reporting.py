"""Opens, updates and closes alerts by what the slices find: once for each cause, whoever finds it again.

None of this needs a lock of stores: one alert may be open for each (kind, store, subject), and a unique index
holds that. Rows are written in that order, so two who report at once wait for each other.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple
from uuid import UUID

import msgspec

from humidor_common.db.pool import Connection
from humidor_common.events.inventory import AlertClosed, AlertRaised
from humidor_common.ids import uuid7
from humidor_common.messaging import outbox
from humidor_inventory.alerts import queries
from humidor_inventory.alerts.rules import DEFAULTS, AlertKind, Severity

FLAGGED = frozenset({AlertKind.BELOW_REORDER_POINT, AlertKind.STOCK_OUT, AlertKind.NEGATIVE})
CAUSE_ENDED = "the cause has ended"
NO_RULE = "its rule was turned off"

Key = tuple[str, str, str]


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """Something that is so now and needs attention.

    `kind` is an `AlertKind`; `subject` says what it is about within the store (a GTIN, `GTIN/lot`, a zone, a
    purchase order); `figures` carry their units in their names and are what a person needs to judge it.
    Figures that change with every look (an age in seconds, say) are better left out: each change is written.
    """

    kind: str
    store_id: str
    subject: str
    gtin: str | None = None
    lot: str | None = None
    severity: Severity = "warning"
    figures: dict[str, Any]

    @property
    def key(self) -> Key:
        """Store, kind and subject: what is open at most once, in the order in which rows are locked."""
        return self.store_id, self.kind, self.subject


class _Judged(NamedTuple):
    finding: Finding
    enabled: bool
    severity: Severity
    escalate_at: datetime | None
    quiet: bool


async def report(conn: Connection, findings: Sequence[Finding], *, now: datetime) -> list[UUID]:
    """Open what is new and update the figures and the severity of what stands; gives the ids of the new ones.

    What a rule has turned off is not opened.
    """
    return await report_as(conn, [(uuid7(), finding) for finding in findings], now=now)


async def report_as(
    conn: Connection, findings: Sequence[tuple[UUID, Finding]], *, now: datetime
) -> list[UUID]:
    """Report under ids that the caller has given out already; an alert that stands keeps its own."""
    judged = await _judge(conn, [finding for _, finding in findings], now)
    return await _write(conn, [(i, j) for (i, _), j in zip(findings, judged, strict=True) if j.enabled], now)


async def settle(conn: Connection, ended: Sequence[Key], *, reason: str, now: datetime) -> int:
    """Close what is open of (kind, store, subject), because its cause has ended; gives how many were."""
    if not ended:
        return 0
    keys = sorted({(store_id, kind, subject) for kind, store_id, subject in ended})
    return await _closed(conn, await conn.fetch(queries.SETTLE, now, reason, keys), now, reason)


async def reconcile(
    conn: Connection,
    kinds: Collection[str],
    store_ids: Collection[str] | None,
    findings: Sequence[Finding],
    *,
    now: datetime,
) -> None:
    """Make what is open of these kinds in these stores (None: in all) the same as the findings.

    Example:
        A sweep has looked at every lot of two stores: `reconcile(conn, ["expired"], ["S1", "S2"], found)`
        opens what has expired since and closes what has been written off or sold.
    """
    judged = await _judge(conn, findings, now)
    standing = [each for each in judged if each.enabled]
    await _write(conn, [(uuid7(), each) for each in standing], now)
    off = [(f.kind, f.store_id, f.subject) for f, enabled, *_ in judged if not enabled]
    await settle(conn, off, reason=NO_RULE, now=now)
    keys = [each.finding.key for each in standing]
    stores = None if store_ids is None else list(store_ids)
    rows = await conn.fetch(queries.SETTLE_OTHERS, now, CAUSE_ENDED, keys, list(kinds), stores)
    await _closed(conn, rows, now, CAUSE_ENDED)


async def close_ruled_off(conn: Connection, store_ids: Collection[str], *, now: datetime) -> int:
    """Close what is open in stores, which the caller has locked, although its rule has been turned off."""
    return await _closed(
        conn, await conn.fetch(queries.CLOSE_RULED_OFF, now, NO_RULE, store_ids), now, NO_RULE
    )


async def tell(
    conn: Connection, alert_ids: Sequence[UUID], what: Literal["raised", "escalated", "closed"], now: datetime
) -> None:
    """Leave a notice for those who subscribe; the worker spreads them."""
    if alert_ids:
        await conn.execute(queries.NOTICE, list(alert_ids), what, now)


async def _judge(conn: Connection, findings: Sequence[Finding], now: datetime) -> list[_Judged]:
    if not findings:
        return []
    asked = [(each.kind, each.store_id, each.gtin) for each in findings]
    rows = await conn.fetch(queries.JUDGE, asked)
    return [_judged(finding, row, now) for finding, row in zip(findings, rows, strict=True)]


def _judged(finding: Finding, row: Any, now: datetime) -> _Judged:
    enabled, severity, minutes, quiet, ruled = row
    if not ruled:
        minutes = DEFAULTS[AlertKind(finding.kind)].escalate_after_minutes
    escalate_at = None if minutes is None else now + timedelta(minutes=minutes)
    return _Judged(finding, enabled, severity or finding.severity, escalate_at, quiet)


async def _write(conn: Connection, entries: Sequence[tuple[UUID, _Judged]], now: datetime) -> list[UUID]:
    new = {judged.finding.key: (alert_id, judged) for alert_id, judged in entries}
    if not new:
        return []
    documents = [_document(alert_id, judged) for _, (alert_id, judged) in sorted(new.items())]
    touched = {row[0] for row in await conn.fetch(queries.WRITE, documents, now)}
    raised = [(alert_id, judged) for alert_id, judged in new.values() if alert_id in touched]
    if not raised:
        return []
    found = [judged.finding for _, judged in raised]
    await _flag(conn, [(f.store_id, f.gtin, f.kind) for f in found], standing=True)
    await outbox.append(conn, [_raised(alert_id, judged, now) for alert_id, judged in raised])
    await tell(conn, [alert_id for alert_id, judged in raised if not judged.quiet], "raised", now)
    return [alert_id for alert_id, _ in raised]


async def _closed(conn: Connection, rows: Sequence[Any], now: datetime, reason: str) -> int:
    if rows:
        await _flag(conn, [(row["store_id"], row["gtin"], row["kind"]) for row in rows], standing=False)
        names = ("alert_id", "kind", "store_id", "subject", "gtin", "lot", "severity", "raised_at")
        events = [AlertClosed(**{n: row[n] for n in names}, closed_at=now, reason=reason) for row in rows]
        await outbox.append(conn, events)
        await tell(conn, [row["alert_id"] for row in rows if not row["quiet"]], "closed", now)
    return len(rows)


async def _flag(conn: Connection, alerts: Sequence[tuple[str, str | None, str]], *, standing: bool) -> None:
    """Note beside the balances of (store, GTIN, kind) what is open, see `Shelf.needs_review`."""
    pairs = sorted((store, gtin, kind) for store, gtin, kind in alerts if gtin and kind in FLAGGED)
    if pairs:
        await conn.execute(queries.FLAG, pairs, standing)


def _document(alert_id: UUID, judged: _Judged) -> tuple[Any, ...]:
    f = judged.finding
    identity = (alert_id, f.kind, f.store_id, f.subject, f.gtin, f.lot)
    return (*identity, judged.severity, f.figures, judged.escalate_at, judged.quiet)


def _raised(alert_id: UUID, judged: _Judged, now: datetime) -> AlertRaised:
    f = judged.finding
    return AlertRaised(
        alert_id=alert_id,
        kind=f.kind,
        store_id=f.store_id,
        subject=f.subject,
        gtin=f.gtin,
        lot=f.lot,
        severity=judged.severity,
        figures=f.figures,
        raised_at=now,
    )
