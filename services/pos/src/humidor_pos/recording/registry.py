"""The registry of ids, for facts that are written one by one."""

from datetime import datetime
from uuid import UUID

from humidor_common.db.pool import Connection
from humidor_pos.facts.outcomes import Recorded

_LOCK_SALE = "SELECT pg_advisory_xact_lock(hashtextextended($1, 2))"


async def lock_sale(conn: Connection, store_id: str, sale_id: UUID) -> None:
    """Let returns and voids of one sale wait for each other, whether the sale is here yet or not."""
    await conn.execute(_LOCK_SALE, f"{store_id}\n{sale_id}")


async def claim(
    conn: Connection, *, kind: str, store_id: str, fact_id: UUID, happened_at: datetime, body_hash: bytes
) -> Recorded | None:
    """Take an id for a fact; gives what stands under it where it was taken before."""
    claimed = await conn.fetchval(
        "INSERT INTO fact_ids (store_id, fact_id, kind, happened_at, body_hash) VALUES ($1, $2, $3, $4, $5)"
        " ON CONFLICT DO NOTHING RETURNING true",
        store_id,
        fact_id,
        kind,
        happened_at,
        body_hash,
    )
    if claimed:
        return None
    row = await conn.fetchrow(
        "SELECT kind, body_hash, exceptions FROM fact_ids WHERE store_id = $1 AND fact_id = $2",
        store_id,
        fact_id,
    )
    return Recorded(row["kind"], row["body_hash"], tuple(row["exceptions"] or ())) if row else None


async def note_exceptions(conn: Connection, store_id: str, fact_id: UUID, codes: tuple[str, ...]) -> None:
    """Keep what the first answer named, so that the same again gets the same."""
    if codes:
        await conn.execute(
            "UPDATE fact_ids SET exceptions = $3 WHERE store_id = $1 AND fact_id = $2",
            store_id,
            fact_id,
            list(codes),
        )
