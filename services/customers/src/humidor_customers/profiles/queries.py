"""Statements over profiles."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, cast

import asyncpg

from humidor_common.db.pool import Connection
from humidor_customers.conditions import Conditions
from humidor_customers.inputs import Party, PartyKind
from humidor_customers.profiles.schemas import Filters, ProfileRow

COLUMNS = tuple(name for name in ProfileRow.model_fields if name != "recency_days")
# In stores to the east the next day has begun: what they sell on it is bought today.
_ROW = f"{', '.join(f'p.{name}' for name in COLUMNS)}, greatest(current_date - p.last_on, 0) AS recency_days"
_EQUAL = ("lifecycle", "channel", "store_id", "favourite_brand", "favourite_price_class")
# A caller who is bound to stores sees members of these and customers who own one of them.
_SEEN = """
CASE p.party_kind WHEN 'consumer'
     THEN EXISTS (SELECT FROM consumers c WHERE c.member_id = p.party_id AND c.store_id = ANY(?))
     ELSE EXISTS (SELECT FROM retailer_stores r WHERE r.retailer_id = p.party_id AND r.store_id = ANY(?)) END
"""


def as_parties(rows: Iterable[tuple[str, str]]) -> list[Party]:
    return [Party(cast("PartyKind", kind), identity) for kind, identity in rows]


async def aged(conn: Connection, *, before: datetime, limit: int) -> list[Party]:
    """Give customers whose profiles were computed longest ago, and take them from other workers."""
    rows = await conn.fetch(
        """SELECT party_kind, party_id FROM profiles WHERE computed_at < $1
           ORDER BY computed_at LIMIT $2 FOR UPDATE SKIP LOCKED""",
        before,
        limit,
    )
    return as_parties((row[0], row[1]) for row in rows)


async def read(conn: Connection, party: Party) -> tuple[ProfileRow, dict[str, Any]] | None:
    """Read a profile with what its figures rest on."""
    row = await conn.fetchrow(
        f"""SELECT {_ROW}, d.details FROM profiles p JOIN profile_details d USING (party_kind, party_id)
            WHERE p.party_kind = $1 AND p.party_id = $2""",  # noqa: S608 - names of ours
        *party,
    )
    if row is None:
        return None
    values = dict(row)
    details: dict[str, Any] = values.pop("details")
    return ProfileRow(**values), details


async def scores(conn: Connection, party: Party) -> dict[str, asyncpg.Record]:
    """Give what the models in force say of a customer, by the model's name."""
    rows = await conn.fetch(
        """SELECT m.model, m.model_id, m.fitted_at, s.score, s.label, s.figures,
                  m.parameters->'figures' AS names, m.parameters->'horizon_days' AS horizon_days,
                  m.holdout->'brier' AS brier, m.holdout->'brier_of_rate' AS brier_of_rate
           FROM models m JOIN model_scores s USING (model_id)
           WHERE m.current AND m.party_kind = $1 AND s.party_id = $2""",
        *party,
    )
    return {row["model"]: row for row in rows}


async def page(
    conn: Connection, filters: Filters, visible: list[str] | None, *, after: Party, limit: int
) -> list[ProfileRow]:
    """Read profiles in the order of kind and id."""
    statement, arguments = build(filters, visible, after=after, limit=limit)
    return [ProfileRow(**row) for row in await conn.fetch(statement, *arguments)]


def build(filters: Filters, visible: list[str] | None, *, after: Party, limit: int) -> tuple[str, list[Any]]:
    query = Conditions()
    query.where("(p.party_kind, p.party_id) > (?, ?)", *after)
    if filters.kind is not None:
        query.where("p.party_kind = ?", filters.kind)
    for name in _EQUAL:
        if (value := getattr(filters, name)) is not None:
            query.where(f"p.{name} = ?", value)
    if visible is not None:
        query.where(_SEEN, visible, visible)
    statement = f"SELECT {_ROW} FROM profiles p WHERE {query.sql} ORDER BY 1, 2 LIMIT {limit}"  # noqa: S608
    return statement, query.arguments


async def forget(conn: Connection, parties: Sequence[tuple[str, str]]) -> None:
    """Do away with profiles of customers, kind and id."""
    for table in ("profiles", "profile_details"):
        await conn.execute(
            f"""DELETE FROM {table} p USING jsonb_array_elements($1::jsonb) e
                WHERE p.party_kind = e->>0 AND p.party_id = e->>1""",  # noqa: S608 - names of ours
            parties,
        )
