"""Asks for plans, shows them, approves and cancels them."""

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from humidor_common import audit
from humidor_common.auth import Principal
from humidor_common.db.pool import Connection
from humidor_common.ids import uuid7
from humidor_common.web.problems import FieldError, Problem, invalid, not_found
from humidor_inventory.planning.schemas import (
    Approval,
    Approved,
    LineState,
    LineView,
    PlanInput,
    PlannedTransferView,
    PlanState,
    PlanView,
)

MOST_AHEAD = timedelta(days=366)

_APPROVE_LINES = """
UPDATE plan_lines SET state = 'approved', approved_by = $2, approver_roles = $7
WHERE plan_id = $1 AND state = 'order' AND ($3::text[] IS NULL OR store_id = ANY($3))
  AND ($4::text[] IS NULL OR store_id = ANY($4)) AND ($5::text[] IS NULL OR supplier_id = ANY($5))
  AND ($6::jsonb IS NULL OR (store_id, gtin) IN (SELECT e->>0, e->>1 FROM jsonb_array_elements($6) e))
"""
_APPROVE_TRANSFERS = """
UPDATE plan_transfers t SET state = 'approved', approved_by = $2, dispatch = $7
WHERE plan_id = $1 AND state = 'proposed'
  AND ($3::text[] IS NULL OR (from_store_id = ANY($3) AND to_store_id = ANY($3)))
  AND ($4::text[] IS NULL OR to_store_id = ANY($4))
  AND ($5::text[] IS NULL OR (SELECT supplier_id FROM products p WHERE p.gtin = t.gtin) = ANY($5))
  AND ($6::jsonb IS NULL OR (to_store_id, gtin) IN (SELECT e->>0, e->>1 FROM jsonb_array_elements($6) e))
"""


async def create_plan(conn: Connection, principal: Principal, given: PlanInput, *, now: datetime) -> PlanView:
    """Ask for a plan; the worker calculates it. A caller who is bound to stores gets one of these."""
    terms = given.model_dump(mode="json", exclude={"day", "dry_run"})
    if given.store_ids is not None:
        for store_id in given.store_ids:
            principal.check_store(store_id)
    elif principal.stores is not None:
        terms["store_ids"] = sorted(principal.stores)
    stores, today = await _look_at_stores(conn, terms["store_ids"], now, named=given.store_ids is not None)
    if given.day is not None and given.day > today + MOST_AHEAD:
        raise invalid("day", f"is at most {MOST_AHEAD.days} days ahead")
    plan_id = uuid7()
    await conn.execute(
        """INSERT INTO plans (plan_id, day, scheduled, dry_run, state, step, terms, stores, requested_by,
                              created_at, changed_at)
           VALUES ($1, $2, false, $3, 'queued', 'levels', $4, $5, $6, $7, $7)""",
        plan_id,
        given.day or today,
        given.dry_run,
        terms,
        stores,
        principal.subject,
        now,
    )
    await audit.record(conn, principal, "request", "plan", str(plan_id), after=given)
    return await get_plan(conn, principal, plan_id)


async def get_plan(conn: Connection, principal: Principal, plan_id: UUID) -> PlanView:
    """Find a plan that reaches any of the caller's stores."""
    row = await conn.fetchrow("SELECT * FROM plans WHERE plan_id = $1", plan_id)
    if row is None or not _reaches(principal, row):
        raise not_found("plan", plan_id)
    return _view(row)


async def list_plans(
    conn: Connection, principal: Principal, state: PlanState | None, *, before: UUID | None, limit: int
) -> list[PlanView]:
    """Read a page, the newest first."""
    visible = None if principal.stores is None else sorted(principal.stores)
    rows = await conn.fetch(
        """SELECT * FROM plans WHERE ($1::uuid IS NULL OR plan_id < $1) AND ($2::text IS NULL OR state = $2)
             AND ($3::text[] IS NULL OR terms->'store_ids' IS NULL OR terms->'store_ids' = 'null'
                  OR terms->'store_ids' ?| $3)
           ORDER BY plan_id DESC LIMIT $4""",
        before,
        state,
        visible,
        limit,
    )
    return [_view(row) for row in rows]


async def list_lines(
    conn: Connection,
    plan_id: UUID,
    visible: Sequence[str] | None,
    filters: tuple[str | None, str | None, LineState | None],
    *,
    after: tuple[str, str],
    limit: int,
) -> list[LineView]:
    """Read a page of lines by (product, supplier, state)."""
    rows = await conn.fetch(
        """SELECT * FROM plan_lines
           WHERE plan_id = $1 AND (store_id, gtin) > ($2, $3) AND ($4::text[] IS NULL OR store_id = ANY($4))
             AND ($5::text IS NULL OR gtin = $5) AND ($6::text IS NULL OR supplier_id = $6)
             AND ($7::text IS NULL OR state = $7) AND state <> 'spare'
           ORDER BY store_id, gtin LIMIT $8""",
        plan_id,
        *after,
        visible,
        *filters,
        limit,
    )
    return [LineView(**row) for row in rows]


async def list_transfers(
    conn: Connection,
    plan_id: UUID,
    visible: Sequence[str] | None,
    *,
    after: tuple[str, str, str],
    limit: int,
) -> list[PlannedTransferView]:
    rows = await conn.fetch(
        """SELECT * FROM plan_transfers
           WHERE plan_id = $1 AND (from_store_id, to_store_id, gtin) > ($2, $3, $4)
             AND ($5::text[] IS NULL OR from_store_id = ANY($5) OR to_store_id = ANY($5))
           ORDER BY from_store_id, to_store_id, gtin LIMIT $6""",
        plan_id,
        *after,
        visible,
        limit,
    )
    return [PlannedTransferView(**row) for row in rows]


async def approve_plan(
    conn: Connection, principal: Principal, plan_id: UUID, given: Approval, *, now: datetime
) -> Approved:
    """Approve what is still proposed of a plan, within the caller's stores; again approves nothing twice."""
    row = await _lock(conn, principal, plan_id)
    if row["dry_run"]:
        raise Problem(409, "plan-is-dry-run", "A dry run is for looking at; ask for a binding plan.")
    if row["state"] != "calculated":
        raise Problem(409, "plan-not-calculated", f"The plan is {row['state']}.")
    if row["day"] < now.date() - timedelta(days=1):
        raise Problem(409, "plan-over", "The plan's day is over; ask for a new one.")
    visible = None if principal.stores is None else sorted(principal.stores)
    named = None if given.lines is None else [(line.store_id, line.gtin) for line in given.lines]
    scope = (plan_id, principal.subject, visible, given.store_ids, given.supplier_ids, named)
    roles = sorted(principal.roles or {principal.kind})
    lines = _count(await conn.execute(_APPROVE_LINES, *scope, roles))
    transfers = _count(await conn.execute(_APPROVE_TRANSFERS, *scope, given.dispatch_transfers))
    await conn.execute(
        "UPDATE plans SET being_placed = true, reason = NULL, changed_at = $2 WHERE plan_id = $1",
        plan_id,
        now,
    )
    done = Approved(plan_id=plan_id, lines=lines, transfers=transfers)
    told = given.model_dump(mode="json", exclude_none=True) | done.model_dump(include={"lines", "transfers"})
    await audit.record(conn, principal, "approve", "plan", str(plan_id), after=told)
    return done


async def cancel_plan(
    conn: Connection, principal: Principal, plan_id: UUID, reason: str, *, now: datetime
) -> PlanView:
    """Stop a plan, and what of it is approved but not placed yet; what is placed stays placed."""
    row = await _lock(conn, principal, plan_id)
    if (stores := row["terms"].get("store_ids")) is None:
        principal.check_every_store()
    for store_id in stores or ():
        principal.check_store(store_id)
    if row["state"] in {"cancelled", "failed"}:
        raise Problem(409, "plan-over", f"The plan is {row['state']} already.")
    await conn.execute(
        """UPDATE plans SET state = 'cancelled', reason = $2, being_placed = false, changed_at = $3,
                            finished_at = coalesce(finished_at, $3)
           WHERE plan_id = $1""",
        plan_id,
        reason,
        now,
    )
    await audit.record(conn, principal, "cancel", "plan", str(plan_id), reason=reason)
    return await get_plan(conn, principal, plan_id)


async def _lock(conn: Connection, principal: Principal, plan_id: UUID) -> Any:
    row = await conn.fetchrow("SELECT * FROM plans WHERE plan_id = $1 FOR UPDATE", plan_id)
    if row is None or not _reaches(principal, row):
        raise not_found("plan", plan_id)
    return row


def _reaches(principal: Principal, row: Any) -> bool:
    stores = row["terms"].get("store_ids")
    return principal.stores is None or stores is None or bool(principal.stores & set(stores))


async def _look_at_stores(
    conn: Connection, store_ids: Sequence[str] | None, now: datetime, *, named: bool
) -> tuple[int, date]:
    """Count the open stores that are meant, and give the day that it is in most of them."""
    rows = await conn.fetch(
        """SELECT store_id, ($2::timestamptz AT TIME ZONE time_zone)::date FROM stores
           WHERE status = 'open' AND ($1::text[] IS NULL OR store_id = ANY($1))""",
        store_ids,
        now,
    )
    known = {row[0] for row in rows}
    if named and (unknown := [i for i, store_id in enumerate(store_ids or []) if store_id not in known]):
        errors = [FieldError(f"store_ids[{i}]", "there is no such open store") for i in unknown[:50]]
        raise Problem(422, "invalid", f"{errors[0].field}: {errors[0].message}", errors=errors)
    days = Counter(row[1] for row in rows).most_common(1)
    return len(known), days[0][0] if days else now.date()


def _view(row: Any) -> PlanView:
    return PlanView(**{name: row[name] for name in PlanView.model_fields})


def _count(tag: str) -> int:
    return int(tag.rsplit(" ", 1)[1])
