"""Keeps what is to be done about customers, by whom and until when."""

from datetime import datetime
from typing import Any
from uuid import UUID

from humidor_common import audit
from humidor_common.auth import Principal
from humidor_common.db.pool import Connection
from humidor_common.ids import uuid7
from humidor_common.web.inputs import check_match
from humidor_common.web.problems import Problem, not_found
from humidor_customers.conditions import Conditions
from humidor_customers.parties import Party, PartyView, lock, narrow, seen
from humidor_customers.tasks.schemas import Filters, TaskChange, TaskInput, TaskView
from humidor_customers.timeline.service import Entry, add_entries

_COLUMNS = tuple(name for name in TaskView.model_fields if name not in ("customer", "overdue"))
_WRITE = f"""
INSERT INTO tasks (party_kind, party_id, {", ".join(_COLUMNS)})
SELECT t.party_kind, t.party_id, {", ".join(f"t.{name}" for name in _COLUMNS)}
FROM jsonb_populate_record(NULL::tasks, $1) t
ON CONFLICT (task_id) DO UPDATE SET {", ".join(f"{name} = excluded.{name}" for name in _COLUMNS[1:])}
"""  # noqa: S608 - names of ours


async def create(conn: Connection, principal: Principal, given: TaskInput, *, now: datetime) -> TaskView:
    """Give somebody a task."""
    await lock(conn, principal, given.customer.party)
    row = given.model_dump(mode="json", exclude={"customer"}) | {
        "task_id": uuid7(),
        "party_kind": given.customer.kind,
        "party_id": given.customer.id,
        "state": "open",
        "created_by": principal.subject,
        "created_at": now,
        "version": 1,
        "changed_at": now,
    }
    return await _write(conn, principal, "create", row, None)


async def change(
    conn: Connection,
    principal: Principal,
    task: tuple[UUID, TaskChange],
    *,
    if_match: str | None,
    now: datetime,
) -> TaskView:
    """Change an open task.

    Raises:
        Problem: 404; 409 `task-closed`; 412.
    """
    task_id, given = task
    before = await _lock_open(conn, principal, task_id)
    check_match(if_match, before["version"])
    update = {"version": before["version"] + 1, "changed_at": now}
    return await _write(conn, principal, "change", before | given.model_dump(mode="json") | update, before)


async def close(
    conn: Connection, principal: Principal, task_id: UUID, ending: tuple[str, str], *, now: datetime
) -> TaskView:
    """Close a task: `done` with what came of it, which goes on the timeline, or `cancelled` with the reason.

    Raises:
        Problem: 404; 409 `task-closed`.
    """
    state, outcome = ending
    before = await _lock_open(conn, principal, task_id)
    update = {"state": state, "outcome": outcome, "closed_by": principal.subject, "closed_at": now}
    update |= {"version": before["version"] + 1, "changed_at": now}
    if state == "done":
        party = Party(before["party_kind"], before["party_id"])
        details = {"kind": before["kind"], "late": now > before["due_at"]}
        await add_entries(conn, [Entry(party, task_id, "task", now, details)])
    return await _write(conn, principal, state, before | update, before)


async def get(conn: Connection, principal: Principal, task_id: UUID, *, now: datetime) -> TaskView:
    return _view(await _find(conn, principal, task_id), now)


async def page(
    conn: Connection,
    principal: Principal,
    filters: Filters,
    *,
    after: tuple[datetime, UUID],
    limit: int,
    now: datetime,
) -> list[TaskView]:
    """Read tasks by when they are due: of a customer, the caller's own, or (with every store) all."""
    if filters.customer_id is None and filters.assignee == principal.subject:
        party = None
    else:
        party = await narrow(conn, principal, filters.customer_kind, filters.customer_id)
    query = Conditions()
    query.where("(due_at, task_id) > (?, ?)", *after)
    query.where("state = ?", filters.state)
    if party is not None:
        query.where("party_kind = ? AND party_id = ?", *party)
    if filters.assignee is not None:
        query.where("assignee = ?", filters.assignee)
    if filters.due_before is not None:
        query.where("due_at < ?", filters.due_before)
    statement = f"SELECT * FROM tasks WHERE {query.sql} ORDER BY due_at, task_id LIMIT {limit}"  # noqa: S608
    return [_view(row, now) for row in await conn.fetch(statement, *query.arguments)]


async def _find(conn: Connection, principal: Principal, task_id: UUID, *, lock_row: str = "") -> Any:
    row = await conn.fetchrow(f"SELECT * FROM tasks WHERE task_id = $1 {lock_row}", task_id)  # noqa: S608
    if row is None:
        raise not_found("task", task_id)
    await seen(conn, principal, Party(row["party_kind"], row["party_id"]))
    return row


async def _lock_open(conn: Connection, principal: Principal, task_id: UUID) -> dict[str, Any]:
    row = dict(await _find(conn, principal, task_id, lock_row="FOR UPDATE"))
    if row["state"] != "open":
        raise Problem(409, "task-closed", f"The task is {row['state']}.")
    return row


async def _write(
    conn: Connection, principal: Principal, action: str, row: dict[str, Any], before: dict[str, Any] | None
) -> TaskView:
    await conn.execute(_WRITE, row)
    after = await conn.fetchrow("SELECT * FROM tasks WHERE task_id = $1", row["task_id"])
    await audit.record(
        conn,
        principal,
        action,
        "task",
        str(row["task_id"]),
        before=before and _trail(before),
        after=_trail(after),
    )
    return _view(after, row["changed_at"])


def _trail(row: Any) -> dict[str, Any]:
    """Give what the trail keeps for ever: no free text, which may name somebody."""
    kept = ("party_kind", "party_id", "kind", "priority", "due_at", "assignee", "state", "version")
    return {name: row[name] if isinstance(row[name], str | int) else str(row[name]) for name in kept}


def _view(row: Any, now: datetime) -> TaskView:
    customer = PartyView(kind=row["party_kind"], id=row["party_id"])
    return TaskView(**row, customer=customer, overdue=row["state"] == "open" and row["due_at"] < now)
