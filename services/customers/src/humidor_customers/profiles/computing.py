"""Computes profiles of any number of customers at once, from what they bought in the last three years."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from humidor_common.db.pool import Connection
from humidor_customers.inputs import Party
from humidor_customers.profiles import queries
from humidor_customers.profiles.statement import COMPUTE
from humidor_customers.purchases import queries as purchases

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


async def compute(conn: Connection, parties: Sequence[Party], *, now: datetime, consent_needed: bool) -> None:
    """Compute the profiles of these customers anew, or do away with them where there is nothing left.

    A merged record has none: it is part of the one that it was merged into.
    """
    await purchases.share(conn)
    roots = await roots_of(conn, [each.id for each in parties if each.kind == "retailer"])
    members = [each for each in parties if each.kind == "consumer"]
    asked = [*members, *(Party("retailer", root) for root in roots)]
    parts = [(n, part) for n, each in enumerate(asked, 1) for part in _parts(each, roots)]
    gone = [each for each in parties if each.kind == "retailer" and each.id not in roots]
    await conn.execute("SET LOCAL enable_nestloop = off")
    nothing = await conn.fetch(COMPUTE, asked, parts, now, consent_needed, gone)
    await conn.execute("SET LOCAL enable_nestloop = on")
    if nothing:
        await queries.forget(conn, [(row[0], row[1]) for row in nothing])


async def roots_of(conn: Connection, retailer_ids: Sequence[str]) -> dict[str, list[str]]:
    """Name the live records of these with all that was merged into each."""
    roots: dict[str, list[str]] = {}
    if retailer_ids:
        for row in await conn.fetch(_ROOTS, list(retailer_ids)):
            roots.setdefault(row[0], []).append(row[1])
    return roots


def _parts(party: Party, roots: Mapping[str, Sequence[str]]) -> Sequence[str]:
    return roots[party.id] if party.kind == "retailer" else (party.id,)
