"""The append-only trail of what people changed: who, when, what, from, to, why."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from pydantic import BaseModel

from humidor_common.auth import Principal
from humidor_common.db.pool import Connection
from humidor_common.db.statements import Statement, run
from humidor_common.telemetry.traces import current_trace_id

_RECORD = """
INSERT INTO audit_trail (actor, actor_kind, action, entity, entity_id, before, after, reason, trace_id)
SELECT e->>0, e->>1, e->>2, $2::text, e->>3, nullif(e->4, 'null'), nullif(e->5, 'null'), e->>6, e->>7
FROM jsonb_array_elements($1::jsonb) WITH ORDINALITY AS k(e, n) ORDER BY n
"""


async def record(  # noqa: PLR0913 - one argument a column
    conn: Connection,
    principal: Principal,
    action: str,
    entity: str,
    entity_id: str,
    *,
    before: Any = None,
    after: Any = None,
    reason: str | None = None,
) -> None:
    """Write one entry in the transaction of the change; `action` is an imperative verb such as `revoke`.

    `before` and `after` are documents, or models that are written as such.
    """
    await conn.execute(
        "INSERT INTO audit_trail "
        "(actor, actor_kind, action, entity, entity_id, before, after, reason, trace_id) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        principal.subject,
        principal.kind,
        action,
        entity,
        entity_id,
        _document(before),
        _document(after),
        reason,
        current_trace_id(),
    )


async def record_put(
    conn: Connection,
    principal: Principal,
    entity: tuple[str, str],
    before: Any,
    after: Any,
    reason: str | None = None,
) -> None:
    """Write that something of a kind and id was made or, where there is a `before`, changed."""
    action = "change" if before else "create"
    await record(conn, principal, action, *entity, before=before, after=after, reason=reason)


def _document(value: Any) -> Any:
    return value.model_dump(mode="json") if isinstance(value, BaseModel) else value


class Entry(NamedTuple):
    """One change among many of a kind; an imperative verb, whose it was, from and to."""

    action: str
    entity_id: str
    before: Any
    after: Any


class Change(NamedTuple):
    """An entry with who made it and why, and the request's trace."""

    actor: str
    actor_kind: str
    action: str
    entity_id: str
    before: Any
    after: Any
    reason: str | None
    trace_id: str | None


def recording(entity: str, changes: Sequence[Change]) -> Statement:
    """Make the statement that writes entries of several people, for a use case that writes more with it."""
    return Statement(_RECORD, [changes, entity])


async def record_many(
    conn: Connection,
    principal: Principal,
    entity: str,
    entries: Sequence[Entry],
    *,
    reason: str | None = None,
) -> None:
    """Write many entries about one kind of entity, in one statement; they share the reason."""
    who, trace_id = (principal.subject, principal.kind), current_trace_id()
    if entries:
        await run(conn, recording(entity, [Change(*who, *each, reason, trace_id) for each in entries]))
