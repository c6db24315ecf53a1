"""Statements over trade customers."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeAlias

from humidor_common.db import statements
from humidor_common.db.pool import Connection
from humidor_common.db.statements import Statement
from humidor_customers.retailers.rules import email_keys, name_key, phone_keys, search_name
from humidor_customers.retailers.schemas import RetailerInput

Document: TypeAlias = dict[str, Any]

_BULK = 200
_ALL, _HIERARCHY = 7401000, 7401001

FIELDS = tuple(RetailerInput.model_fields)
_OWN = tuple(name for name in FIELDS if name != "store_ids")
_KEPT = ("retailer_id", "licence_status", "merged_into", "version", "created_at", "changed_at")
_COLUMNS = (*_KEPT, *_OWN, "search_name", "name_key", "phone_keys", "email_keys")

STORE_IDS = """
coalesce((SELECT array_agg(s.store_id ORDER BY s.store_id) FROM retailer_stores s
          WHERE s.retailer_id = r.retailer_id), '{}') AS store_ids
"""
SELECT = f"SELECT {', '.join(f'r.{name}' for name in (*_KEPT, *_OWN))}, {STORE_IDS} FROM retailers r"  # noqa: S608
_WRITE = f"""
INSERT INTO retailers ({", ".join(_COLUMNS)})
SELECT {", ".join(_COLUMNS)} FROM jsonb_populate_recordset(NULL::retailers, $1::jsonb) ORDER BY retailer_id
ON CONFLICT (retailer_id) DO UPDATE SET ({", ".join(_COLUMNS[1:])}) =
    ROW({", ".join(f"excluded.{name}" for name in _COLUMNS[1:])})
"""  # noqa: S608 - names of ours
# A licence may go from one customer of a batch to another: none has it twice in between.
_LET_GO = "UPDATE retailers SET licence_number = NULL WHERE retailer_id = ANY($1::text[])"
_TAKE_STORES = """
DELETE FROM retailer_stores s USING jsonb_array_elements($1::jsonb) e
WHERE s.retailer_id = e->>'retailer_id' AND NOT e->'store_ids' ? s.store_id
"""
_GIVE_STORES = """
INSERT INTO retailer_stores (store_id, retailer_id)
SELECT s, e->>'retailer_id'
FROM jsonb_array_elements($1::jsonb) e, jsonb_array_elements_text(e->'store_ids') s
ORDER BY 1 ON CONFLICT (store_id) DO UPDATE SET retailer_id = excluded.retailer_id
WHERE retailer_stores.retailer_id <> excluded.retailer_id
"""
# The branches run in the order in which they stand.
_LOCK = """
SELECT pg_advisory_xact_lock_shared($2) UNION ALL
SELECT pg_advisory_xact_lock($3) WHERE $3 IS NOT NULL UNION ALL
SELECT pg_advisory_xact_lock(hashtextextended(key, 7401002)) FROM (
    SELECT key FROM unnest($1::text[]) WITH ORDINALITY AS k(key, n) ORDER BY n) keys
"""
_ABOVE = """
WITH RECURSIVE above AS (
    SELECT retailer_id, parent_id FROM retailers WHERE retailer_id = ANY($1::text[])
    UNION
    SELECT r.retailer_id, r.parent_id FROM above JOIN retailers r ON r.retailer_id = above.parent_id
)
SELECT retailer_id, parent_id FROM above
"""
_ROOTS = """
WITH RECURSIVE up AS (
    SELECT retailer_id AS asked, retailer_id, merged_into FROM retailers WHERE retailer_id = ANY($1::text[])
    UNION
    SELECT up.asked, r.retailer_id, r.merged_into FROM up JOIN retailers r ON r.retailer_id = up.merged_into
), down AS (
    SELECT DISTINCT retailer_id AS root, retailer_id AS part FROM up WHERE merged_into IS NULL
    UNION
    SELECT down.root, r.retailer_id FROM down JOIN retailers r ON r.merged_into = down.part
)
SELECT root, part FROM down ORDER BY 1, 2
"""


async def lock(conn: Connection, keys: Collection[str], *, hierarchy: bool = False) -> None:
    """Let nobody else change these customers, licences or stores (`keys`) before this transaction ends.

    Many at once wait for all others instead, so that no file needs a lock a row. Whoever sets a parent locks
    the hierarchy.
    """
    await statements.run(conn, locking(keys, hierarchy=hierarchy))


def locking(keys: Collection[str], *, hierarchy: bool = False) -> Statement:
    """Make the query that takes the locks of `lock`."""
    if len(keys) > _BULK:
        return Statement("SELECT pg_advisory_xact_lock($1)", [_ALL])
    return Statement(_LOCK, [sorted(set(keys)), _ALL, _HIERARCHY if hierarchy else None])


async def lock_all(conn: Connection) -> None:
    await conn.execute("SELECT pg_advisory_xact_lock($1)", _ALL)


async def unknown(conn: Connection, retailer_ids: Collection[str]) -> set[str]:
    """Name those who are not known, or were merged into another."""
    rows = await conn.fetch(
        "SELECT retailer_id FROM retailers WHERE retailer_id = ANY($1::text[]) AND merged_into IS NULL",
        sorted(set(retailer_ids)),
    )
    return set(retailer_ids) - {row[0] for row in rows}


async def read(conn: Connection, retailer_ids: Collection[str]) -> dict[str, Document]:
    rows = await conn.fetch(f"{SELECT} WHERE r.retailer_id = ANY($1::text[])", list(retailer_ids))
    return {row["retailer_id"]: dict(row) for row in rows}


async def licence_holders(conn: Connection, numbers: Collection[str]) -> dict[str, str]:
    """Give the live customer of each licence number that has one."""
    rows = await conn.fetch(
        """SELECT licence_number, retailer_id FROM retailers
           WHERE licence_number = ANY($1::text[]) AND state <> 'closed' AND merged_into IS NULL""",
        sorted(set(numbers)),
    )
    return {row[0]: row[1] for row in rows}


async def store_owners(conn: Connection, store_ids: Collection[str]) -> dict[str, str]:
    rows = await conn.fetch(
        "SELECT store_id, retailer_id FROM retailer_stores WHERE store_id = ANY($1::text[])",
        sorted(set(store_ids)),
    )
    return {row[0]: row[1] for row in rows}


async def read_parents(conn: Connection, retailer_ids: Collection[str]) -> dict[str, str | None]:
    """Give the parents of these customers, of their parents and so on."""
    rows = await conn.fetch(_ABOVE, sorted(set(retailer_ids)))
    return {row[0]: row[1] for row in rows}


async def write(conn: Connection, documents: Sequence[Document], before: Mapping[str, Document]) -> None:
    """Write customers with their stores; those stores that others have go over to them."""
    moved = [
        each["retailer_id"]
        for each in documents
        if (old := before.get(each["retailer_id"]))
        and old["licence_number"] not in (None, each["licence_number"])
    ]
    if moved:
        await conn.execute(_LET_GO, moved)
    rows = [
        each
        | {
            "search_name": search_name(each["name"]),
            "name_key": name_key(each["name"]),
            "phone_keys": phone_keys(each["contacts"]),
            "email_keys": email_keys(each["contacts"]),
        }
        for each in documents
    ]
    await conn.execute(_WRITE, rows)
    stores = [{"retailer_id": each["retailer_id"], "store_ids": each["store_ids"]} for each in documents]
    await conn.execute(_TAKE_STORES, stores)
    await conn.execute(_GIVE_STORES, stores)


async def changed_since(conn: Connection, at: datetime, after: str, *, limit: int) -> list[Document]:
    """Read customers in the order of their last change, from a moment and id on."""
    rows = await conn.fetch(
        f"""{SELECT} WHERE (r.changed_at, r.retailer_id) > ($1, $2)
            ORDER BY r.changed_at, r.retailer_id LIMIT $3""",
        at,
        after,
        limit,
    )
    return [dict(row) for row in rows]


async def roots_of(conn: Connection, retailer_ids: Sequence[str]) -> dict[str, list[str]]:
    """Name the live records of these with all that was merged into each."""
    roots: dict[str, list[str]] = {}
    if retailer_ids:
        for row in await conn.fetch(_ROOTS, list(retailer_ids)):
            roots.setdefault(row[0], []).append(row[1])
    return roots
