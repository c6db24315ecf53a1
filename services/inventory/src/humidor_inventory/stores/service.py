"""Keeps the stores."""

from datetime import datetime

import asyncpg

from humidor_common import audit
from humidor_common.auth import Principal
from humidor_common.db.pool import Connection
from humidor_common.events.inventory import StoreChanged
from humidor_common.messaging import outbox
from humidor_common.web.problems import invalid, not_found
from humidor_inventory.inputs import check_match
from humidor_inventory.stores.schemas import StoreInput, StoreView

# Also of a new one: what was sold before went by UTC. What is being gone through for it begins once more.
_CLOCK_CORRECTED = """
INSERT INTO clock_corrections (store_id) VALUES ($1)
ON CONFLICT (store_id) DO UPDATE SET after_gtin = DEFAULT, from_thread = DEFAULT
"""


async def get_store(conn: Connection, store_id: str) -> StoreView:
    row = await conn.fetchrow("SELECT * FROM stores WHERE store_id = $1", store_id)
    if row is None:
        raise not_found("store", store_id)
    return StoreView(**row)


async def list_stores(
    conn: Connection, visible: list[str] | None, *, after: str, limit: int
) -> list[StoreView]:
    rows = await conn.fetch(
        """SELECT * FROM stores WHERE store_id > $1 AND ($2::text[] IS NULL OR store_id = ANY($2))
           ORDER BY store_id LIMIT $3""",
        after,
        visible,
        limit,
    )
    return [StoreView(**row) for row in rows]


async def put_store(
    conn: Connection,
    principal: Principal,
    store: tuple[str, StoreInput],
    *,
    if_match: str | None,
    now: datetime,
) -> StoreView:
    """Make or change a store, tell it and note who did; the same again changes nothing."""
    store_id, given = store
    await conn.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 7301003))", store_id)
    row = await conn.fetchrow("SELECT * FROM stores WHERE store_id = $1", store_id)
    before = None if row is None else StoreView(**row)
    check_match(if_match, before.version if before else None)
    if before and given.model_dump() == before.model_dump(include=set(StoreInput.model_fields)):
        return before
    await _check_zone(conn, given.time_zone)
    version = before.version + 1 if before else 1
    after = StoreView(store_id=store_id, version=version, changed_at=now, **given.model_dump())
    await conn.execute(
        """INSERT INTO stores (store_id, name, time_zone, licence_number, status, kind, version, changed_at)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
           ON CONFLICT (store_id) DO UPDATE SET name = $2, time_zone = $3, licence_number = $4, status = $5,
                                                kind = $6, version = $7, changed_at = $8""",
        store_id,
        given.name,
        given.time_zone,
        given.licence_number,
        given.status,
        given.kind,
        version,
        now,
    )
    if before is None or before.time_zone != after.time_zone:
        await conn.execute(_CLOCK_CORRECTED, store_id)
    await outbox.append(
        conn, [StoreChanged(store_id=store_id, version=version, changed_at=now, **given.model_dump())]
    )
    await audit.record_put(conn, principal, ("store", store_id), before, after)
    return after


async def _check_zone(conn: Connection, name: str) -> None:
    """Refuse a zone that the database does not know: queries ask it for the store's date."""
    try:
        await conn.fetchval("SELECT now() AT TIME ZONE $1", name)
    except asyncpg.DataError as error:
        raise invalid("time_zone", "is not known to the database") from error
