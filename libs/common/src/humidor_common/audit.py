"""The append-only trail of what people changed: who, when, what, from, to, why."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from humidor_common.auth import Principal
from humidor_common.db.pool import Connection
from humidor_common.telemetry.traces import current_trace_id


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
    """Write one entry in the transaction of the change; `action` is an imperative verb such as `revoke`."""
    await conn.execute(
        "INSERT INTO audit_trail "
        "(actor, actor_kind, action, entity, entity_id, before, after, reason, trace_id) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        principal.subject,
        principal.kind,
        action,
        entity,
        entity_id,
        before,
        after,
        reason,
        current_trace_id(),
    )


class Entry(NamedTuple):
    """One change among many of a kind; an imperative verb, whose it was, from and to."""

    action: str
    entity_id: str
    before: Any
    after: Any


async def record_many(
    conn: Connection,
    principal: Principal,
    entity: str,
    entries: Sequence[Entry],
    *,
    reason: str | None = None,
) -> None:
    """Write many entries about one kind of entity, in one statement; they share the reason."""
    if not entries:
        return
    await conn.execute(
        """INSERT INTO audit_trail
               (actor, actor_kind, action, entity, entity_id, before, after, trace_id, reason)
           SELECT $1, $2, e->>0, $3, e->>1, nullif(e->2, 'null'), nullif(e->3, 'null'), $5, $6
           FROM jsonb_array_elements($4::jsonb) WITH ORDINALITY AS k(e, n) ORDER BY n""",
        principal.subject,
        principal.kind,
        entity,
        list(entries),
        current_trace_id(),
        reason,
    )
