"""Which customer is which record over there, and what that record last held."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from humidor_common.db.pool import Connection
from humidor_customers.exchange.rules import digest_of

_WRITE = """
INSERT INTO crm_links (connector_id, remote_id, retailer_id, state, shadow, sent_version, owed,
                       remote_modified_at, linked_at)
SELECT $1, e.remote_id, e.retailer_id, e.state, e.shadow, e.sent_version, e.owed, e.remote_modified_at, $3
FROM jsonb_populate_recordset(NULL::crm_links, $2::jsonb) e ORDER BY 2
ON CONFLICT (connector_id, remote_id) DO UPDATE
SET state = excluded.state, shadow = excluded.shadow, owed = excluded.owed,
    sent_version = greatest(crm_links.sent_version, excluded.sent_version),
    remote_modified_at = coalesce(excluded.remote_modified_at, crm_links.remote_modified_at)
"""
_MOVE = """
UPDATE crm_links l SET retailer_id = $2
WHERE l.retailer_id = $1 AND l.state = 'live' AND NOT EXISTS (
    SELECT FROM crm_links o
    WHERE o.retailer_id = $2 AND o.connector_id = l.connector_id AND o.state = 'live')
RETURNING l.connector_id, l.remote_id
"""
_MOVE_BACK = """
UPDATE crm_links l SET retailer_id = $2
FROM jsonb_array_elements($1::jsonb) e
WHERE l.connector_id = e->>0 AND l.remote_id = e->>1 AND NOT EXISTS (
    SELECT FROM crm_links o
    WHERE o.retailer_id = $2 AND o.connector_id = l.connector_id AND o.state = 'live')
"""


_OF_PERSONS = ("contact.", "custom.")


class Link(NamedTuple):
    """A customer and its record; `gone` is one that was deleted over there."""

    remote_id: str
    retailer_id: str
    state: str
    shadow: dict[str, Any]
    sent_version: int = 0
    owed: bool = False
    remote_modified_at: datetime | None = None


_COLUMNS = ", ".join(Link._fields)


async def of_records(conn: Connection, connector_id: str, remote_ids: Sequence[str]) -> dict[str, Link]:
    rows = await conn.fetch(
        f"SELECT {_COLUMNS} FROM crm_links WHERE connector_id = $1 AND remote_id = ANY($2::text[])",  # noqa: S608
        connector_id,
        list(remote_ids),
    )
    return {row["remote_id"]: Link(**row) for row in rows}


async def of_customers(conn: Connection, connector_id: str, retailer_ids: Sequence[str]) -> dict[str, Link]:
    """Give the link of each customer that has one: the live one before those that are gone."""
    rows = await conn.fetch(
        f"""SELECT {_COLUMNS} FROM crm_links WHERE retailer_id = ANY($2::text[]) AND connector_id = $1
            ORDER BY remote_id""",  # noqa: S608 - names of ours
        connector_id,
        list(retailer_ids),
    )
    found: dict[str, Link] = {}
    for row in rows:
        known = found.get(row["retailer_id"])
        if known is None or row["state"] == "live":
            found[row["retailer_id"]] = Link(**row)
    return found


async def owed(conn: Connection, connector_id: str, limit: int) -> list[str]:
    """Name customers whose records lack something that we have."""
    rows = await conn.fetch(
        """SELECT retailer_id FROM crm_links WHERE connector_id = $1 AND owed AND state = 'live'
           ORDER BY retailer_id LIMIT $2""",
        connector_id,
        limit,
    )
    return [row[0] for row in rows]


async def write(conn: Connection, connector_id: str, links: Sequence[Link], *, now: datetime) -> None:
    if links:
        await conn.execute(_WRITE, connector_id, [each._asdict() for each in links], now)


async def settle_owed(conn: Connection, connector_id: str, retailer_ids: Sequence[str]) -> None:
    """Strike out what was owed: it was sent, or stands among the failures now."""
    await conn.execute(
        """UPDATE crm_links SET owed = false
           WHERE connector_id = $1 AND owed AND retailer_id = ANY($2::text[])""",
        connector_id,
        list(retailer_ids),
    )


async def move(conn: Connection, merged_id: str, survivor_id: str) -> list[tuple[str, str]]:
    """Let the survivor of a merge have the other's records, where it has none of its own; gives which."""
    rows = await conn.fetch(_MOVE, merged_id, survivor_id)
    return sorted((row[0], row[1]) for row in rows)


async def move_back(conn: Connection, links: Sequence[Sequence[str]], to: str) -> None:
    if links:
        await conn.execute(_MOVE_BACK, [list(each) for each in links], to)


async def shadows_of(conn: Connection, retailer_ids: Sequence[str]) -> list[dict[str, Any]]:
    """Read what the records of customers last held over there."""
    rows = await conn.fetch(
        "SELECT shadow FROM crm_links WHERE retailer_id = ANY($1::text[]) ORDER BY connector_id, remote_id",
        list(retailer_ids),
    )
    return [dict(row["shadow"]) for row in rows]


async def erase_from_shadows(
    conn: Connection, retailer_ids: Sequence[str], personal: Callable[[Any], bool]
) -> int:
    """Put a digest in the place of what is personal and a record over there still holds; gives of how many.

    Where it names a person the whole first contact goes. The next run tells the other system so.
    """
    rows = await conn.fetch(
        """SELECT connector_id, remote_id, shadow FROM crm_links WHERE retailer_id = ANY($1::text[])
           ORDER BY 1, 2 FOR UPDATE""",
        list(retailer_ids),
    )
    changed = []
    for row in rows:
        # The customer's own name and address are no person's.
        names = {n for n, v in row["shadow"].items() if n.startswith(_OF_PERSONS) and personal(v)}
        if any(name.startswith("contact.") for name in names):
            names |= {name for name, value in row["shadow"].items() if name.startswith("contact.") and value}
        if names:
            digests = {name: digest_of(row["shadow"][name]) for name in names}
            changed.append([row["connector_id"], row["remote_id"], row["shadow"] | digests])
    await conn.execute(
        """UPDATE crm_links SET shadow = e->2, owed = true FROM jsonb_array_elements($1::jsonb) e
           WHERE connector_id = e->>0 AND remote_id = e->>1""",
        changed,
    )
    return len(changed)
