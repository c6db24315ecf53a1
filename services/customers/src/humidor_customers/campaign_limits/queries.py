"""Statements over limits of approval; there are some dozen of them."""

from humidor_common.db.pool import Connection
from humidor_customers.campaign_limits.rules import Limit
from humidor_customers.campaign_limits.schemas import LimitView

Key = tuple[str, str, str]

_COLUMNS = tuple(LimitView.model_fields)
_WRITE = f"""
INSERT INTO campaign_limits ({", ".join(_COLUMNS)})
VALUES ({", ".join(f"${n}" for n, _ in enumerate(_COLUMNS, 1))})
ON CONFLICT (holder_kind, holder, currency)
DO UPDATE SET {", ".join(f"{name} = excluded.{name}" for name in _COLUMNS[3:])}
"""  # noqa: S608 - names of ours


async def lock_limits(conn: Connection) -> None:
    """Let nobody else change a limit before this transaction ends."""
    await conn.execute("SELECT pg_advisory_xact_lock(hashtextextended('campaign_limits', 0))")


async def read(conn: Connection, key: Key) -> LimitView | None:
    row = await conn.fetchrow(
        "SELECT * FROM campaign_limits WHERE (holder_kind, holder, currency) = ($1, $2, $3)", *key
    )
    return None if row is None else LimitView(**row)


async def write(conn: Connection, limit: LimitView) -> None:
    await conn.execute(_WRITE, *(getattr(limit, name) for name in _COLUMNS))


async def page(conn: Connection, *, after: Key, limit: int) -> list[LimitView]:
    rows = await conn.fetch(
        """SELECT * FROM campaign_limits WHERE (holder_kind, holder, currency) > ($1, $2, $3)
           ORDER BY holder_kind, holder, currency LIMIT $4""",
        *after,
        limit,
    )
    return [LimitView(**row) for row in rows]


async def limits_in(conn: Connection, currency: str) -> list[Limit]:
    rows = await conn.fetch(
        """SELECT holder_kind, holder, amount_minor FROM campaign_limits
           WHERE currency = $1 AND NOT retired""",
        currency,
    )
    return [Limit(*row) for row in rows]
