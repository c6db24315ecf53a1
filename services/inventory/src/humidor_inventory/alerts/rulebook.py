"""Keeps the rules that people set for kinds of alerts."""

from datetime import datetime
from typing import Any, NamedTuple

from humidor_common import audit
from humidor_common.auth import Principal
from humidor_common.db.pool import Connection
from humidor_common.ids import uuid7
from humidor_common.web.problems import invalid, not_found
from humidor_inventory.alerts.rules import ALWAYS_ON, DEFAULTS, THRESHOLDS, WINDOWED, AlertKind
from humidor_inventory.alerts.schemas import RuleInput, RuleView
from humidor_inventory.inputs import check_match

_READ = """
SELECT * FROM alert_rules WHERE kind = $1 AND gtin = $2 AND brand = $3 AND store_id = $4 FOR UPDATE
"""
_LIST = """
SELECT * FROM alert_rules WHERE (kind, gtin, brand, store_id) > ($1, $2, $3, $4)
  AND ($5::text[] IS NULL OR store_id = '' OR store_id = ANY($5)) AND ($6::text IS NULL OR kind = $6)
ORDER BY kind, gtin, brand, store_id LIMIT $7
"""
_WRITE = """
INSERT INTO alert_rules (rule_id, kind, gtin, brand, store_id, enabled, severity, threshold_days, window_days,
                         escalate_after_minutes, quiet, version, changed_at, changed_by)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
ON CONFLICT (kind, gtin, brand, store_id) DO UPDATE
SET enabled = $6, severity = $7, threshold_days = $8, window_days = $9, escalate_after_minutes = $10,
    quiet = $11, version = $12, changed_at = $13, changed_by = $14
"""
_DELETE = "DELETE FROM alert_rules WHERE kind = $1 AND gtin = $2 AND brand = $3 AND store_id = $4"
# A sweep that is under way begins anew: what it has passed may have to change.
_SWEEP_NOW = """
UPDATE alert_sweeps SET due_at = least(due_at, $1), after_store_id = '' WHERE name = 'stores'
"""


class RuleScope(NamedTuple):
    """What a rule is for; '' stands for every product, brand or store."""

    kind: AlertKind
    gtin: str = ""
    brand: str = ""
    store_id: str = ""

    def __str__(self) -> str:
        return "/".join(part or "*" for part in self)


async def put_rule(
    conn: Connection,
    principal: Principal,
    scope: RuleScope,
    given: RuleInput,
    *,
    if_match: str | None,
    now: datetime,
) -> RuleView:
    """Set a rule; what stands is looked at anew at once. The same again changes nothing.

    Raises:
        Problem: 422 where the kind has no such term; 412 where it was changed since.
    """
    _check(scope.kind, given)
    await conn.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 7301009))", str(scope))
    before = await _find(conn, scope)
    check_match(if_match, before.version if before else None)
    terms = _terms(scope.kind, given)
    if before and terms == before.model_dump(include=set(terms)):
        return before
    version = before.version + 1 if before else 1
    told = {"version": version, "changed_at": now, "changed_by": principal.subject}
    await conn.execute(_WRITE, uuid7(), *scope, *terms.values(), *told.values())
    await sweep_now(conn, now)
    after = _view(scope._asdict() | terms | told)
    await _note(conn, principal, "change" if before else "create", scope, before, after)
    return after


async def delete_rule(
    conn: Connection, principal: Principal, scope: RuleScope, *, if_match: str | None, now: datetime
) -> None:
    """Let the less specific rule hold again; where there is no such rule, that is so already."""
    before = await _find(conn, scope)
    check_match(if_match, before.version if before else None)
    if before:
        await conn.execute(_DELETE, *scope)
        await sweep_now(conn, now)
        await _note(conn, principal, "delete", scope, before, None)


async def get_rule(conn: Connection, scope: RuleScope) -> RuleView:
    found = await _find(conn, scope)
    if found is None:
        raise not_found("rule", scope)
    return found


async def list_rules(
    conn: Connection,
    visible: list[str] | None,
    *,
    kind: AlertKind | None,
    after: tuple[str, str, str, str],
    limit: int,
) -> list[RuleView]:
    """Read the rules of visible stores and those of every store, by kind, product, brand and store."""
    return [_view(row) for row in await conn.fetch(_LIST, *after, visible, kind, limit)]


async def sweep_now(conn: Connection, now: datetime) -> None:
    """Have all stores looked at as soon as the worker can."""
    await conn.execute(_SWEEP_NOW, now)


def _check(kind: AlertKind, given: RuleInput) -> None:
    if not given.enabled and kind in ALWAYS_ON:
        raise invalid("enabled", "suggestions hang on this kind; make it quiet instead")
    if given.threshold_days is not None and kind not in THRESHOLDS:
        raise invalid("threshold_days", f"{kind} is not measured against days")
    if given.window_days is not None and kind not in WINDOWED:
        raise invalid("window_days", f"{kind} is not measured over a window of demand")


def _terms(kind: AlertKind, given: RuleInput) -> dict[str, Any]:
    terms = given.model_dump()
    if "escalate_after_minutes" not in given.model_fields_set:
        terms["escalate_after_minutes"] = DEFAULTS[kind].escalate_after_minutes
    return terms


async def _find(conn: Connection, scope: RuleScope) -> RuleView | None:
    row = await conn.fetchrow(_READ, *scope)
    return None if row is None else _view(row)


def _view(row: Any) -> RuleView:
    known = {name: row[name] for name in RuleView.model_fields}
    return RuleView(**known | {name: row[name] or None for name in ("gtin", "brand", "store_id")})


async def _note(
    conn: Connection,
    principal: Principal,
    action: str,
    scope: RuleScope,
    before: RuleView | None,
    after: RuleView | None,
) -> None:
    await audit.record(
        conn,
        principal,
        action,
        "alert_rule",
        str(scope),
        before=before,
        after=after,
    )
