"""Statements over requests and the answers to them."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from humidor_common.db.pool import Connection
from humidor_common.db.rows import insert_row
from humidor_customers.conditions import Conditions
from humidor_customers.rights.schemas import Filters, RequestView

_OWN = tuple(name for name in RequestView.model_fields if name not in ("services", "overdue"))
_OVERDUE = "r.state IN ('received', 'running') AND r.due_at < now()"
_SELECT = f"""
SELECT {", ".join(f"r.{name}" for name in _OWN)}, {_OVERDUE} AS overdue,
       coalesce((SELECT jsonb_agg(jsonb_build_object(
                     'service', a.service, 'asked_at', a.asked_at, 'answered_at', a.answered_at,
                     'fetched_at', a.fetched_at, 'parts', a.answer->'parts',
                     'size_bytes', a.answer->'size_bytes', 'sha256', a.answer->'sha256') ORDER BY a.service)
                 FROM privacy_answers a WHERE a.request_id = r.request_id), '[]') AS services
FROM privacy_requests r LEFT JOIN consumers c ON c.member_id = r.member_id
"""  # noqa: S608 - names of ours
_OF_STORES = """(c.store_id = ANY(?) OR EXISTS (
    SELECT FROM retailer_stores s WHERE s.retailer_id = r.retailer_id AND s.store_id = ANY(?)))"""


async def read(conn: Connection, request_id: UUID, stores: Sequence[str] | None) -> RequestView | None:
    """Read a request of somebody of one of the stores; None is every store."""
    query = Conditions()
    query.where("r.request_id = ?", request_id)
    if stores is not None:
        query.where(_OF_STORES, stores, stores)
    row = await conn.fetchrow(f"{_SELECT} WHERE {query.sql}", *query.arguments)
    return RequestView(**row) if row else None


async def page(
    conn: Connection, filters: Filters, visible: list[str] | None, *, before: UUID, limit: int
) -> list[RequestView]:
    """Read requests, the newest first."""
    statement, arguments = build(filters, visible, before=before, limit=limit)
    return [RequestView(**row) for row in await conn.fetch(statement, *arguments)]


def build(filters: Filters, visible: list[str] | None, *, before: UUID, limit: int) -> tuple[str, list[Any]]:
    query = Conditions()
    query.where("r.request_id < ?", before)
    if visible is not None:
        query.where(_OF_STORES, visible, visible)
    if filters.member_id is not None:
        query.where("r.member_id = ?", filters.member_id)
    if filters.retailer_id is not None:
        query.where("r.retailer_id = ?", filters.retailer_id)
    if filters.kind is not None:
        query.where("r.kind = ?", filters.kind)
    if filters.state is not None:
        query.where("r.state = ?", filters.state)
    if filters.overdue is not None:
        query.where(_OVERDUE if filters.overdue else f"NOT ({_OVERDUE})")
    return f"{_SELECT} WHERE {query.sql} ORDER BY r.request_id DESC LIMIT {limit}", query.arguments


async def insert(conn: Connection, view: RequestView) -> None:
    row = {name: getattr(view, name) for name in _OWN}
    await insert_row(conn, "privacy_requests", row | {"person": view.person and view.person.model_dump()})


async def lock(conn: Connection, request_id: UUID) -> Any:
    return await conn.fetchrow("SELECT * FROM privacy_requests WHERE request_id = $1 FOR UPDATE", request_id)


async def lock_all(conn: Connection, request_ids: Collection[UUID]) -> dict[UUID, Any]:
    """Lock requests in the order of their ids, before the chain of proof is locked."""
    rows = await conn.fetch(
        "SELECT * FROM privacy_requests WHERE request_id = ANY($1::uuid[]) ORDER BY request_id FOR UPDATE",
        list(request_ids),
    )
    return {row["request_id"]: row for row in rows}


async def running_of(conn: Connection, member_id: str) -> UUID | None:
    found: UUID | None = await conn.fetchval(
        "SELECT request_id FROM privacy_requests WHERE member_id = $1 AND state = 'running'", member_id
    )
    return found


async def note_asked(conn: Connection, request_id: UUID, services: Sequence[str], now: datetime) -> None:
    await conn.execute(
        """INSERT INTO privacy_answers (request_id, service, asked_at)
           SELECT $1, unnest($2::text[]), $3 ON CONFLICT DO NOTHING""",
        request_id,
        list(services),
        now,
    )


async def answer_of(conn: Connection, request_id: UUID, service: str) -> Any:
    return await conn.fetchrow(
        "SELECT * FROM privacy_answers WHERE request_id = $1 AND service = $2", request_id, service
    )


async def note_answer(
    conn: Connection, request_id: UUID, service: str, answer: Any, *, now: datetime, fetch: bool = False
) -> None:
    """Write what a service answered; what it has gathered is to be fetched."""
    await conn.execute(
        """UPDATE privacy_answers SET answered_at = coalesce(answered_at, $4), answer = $3,
                  fetch_due_at = CASE WHEN $5 THEN $4::timestamptz END, fetch_tries = 0
           WHERE request_id = $1 AND service = $2""",
        request_id,
        service,
        answer,
        now,
        fetch,
    )


async def note_document(
    conn: Connection, request_id: UUID, service: str, document: bytes, now: datetime
) -> None:
    await conn.execute(
        """UPDATE privacy_answers SET document = $3, fetched_at = $4, fetch_due_at = NULL
           WHERE request_id = $1 AND service = $2""",
        request_id,
        service,
        document,
        now,
    )


async def is_done(conn: Connection, request_id: UUID, kind: str) -> bool:
    """Tell whether every service that was asked has answered and, for an export, has been fetched."""
    lacking = "answered_at IS NULL" if kind == "erasure" else "fetched_at IS NULL"
    open_: bool = await conn.fetchval(
        f"SELECT EXISTS (SELECT FROM privacy_answers WHERE request_id = $1 AND {lacking})",  # noqa: S608
        request_id,
    )
    return not open_
