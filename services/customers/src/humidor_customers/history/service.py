"""Reads histories out of the audit trail."""

from humidor_common.db.pool import Connection
from humidor_customers.history.rules import field_changes
from humidor_customers.history.schemas import ChangeView, FieldChangeView

NEWEST = 2**63 - 1

_PAGE = """
SELECT id, at, actor, actor_kind, action, before, after, reason FROM audit_trail
WHERE entity = $1 AND entity_id = $2 AND id < $3
  AND ($4::text IS NULL OR (before -> $4) IS DISTINCT FROM (after -> $4))
ORDER BY id DESC LIMIT $5
"""


async def list_changes(
    conn: Connection, of: tuple[str, str], field: str | None, *, before: int, limit: int
) -> list[ChangeView]:
    """Read what was done to something (its entity and id), the newest first; with `field` to this field."""
    rows = await conn.fetch(_PAGE, *of, before, field, limit)
    return [
        ChangeView(
            change_id=row["id"],
            at=row["at"],
            by=row["actor"],
            by_kind=row["actor_kind"],
            action=row["action"],
            reason=row["reason"],
            changes=[
                FieldChangeView(**each._asdict()) for each in field_changes(row["before"], row["after"])
            ],
        )
        for row in rows
    ]
