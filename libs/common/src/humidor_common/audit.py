"""The append-only trail of what people changed: who, when, what, from, to, why."""

from typing import Any

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
