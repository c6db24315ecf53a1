"""Statements over survey answers."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from humidor_common.db.pool import Connection
from humidor_customers.answers.schemas import Response, ResponseView, Unmatched
from humidor_customers.conditions import Conditions
from humidor_customers.inputs import Party

LOCK = 7420001
_COLUMNS = ", ".join(ResponseView.model_fields)
_KEPT = tuple(Response.model_fields)
_WRITE = f"""
INSERT INTO survey_responses ({", ".join(_KEPT)})
SELECT {", ".join(_KEPT)} FROM jsonb_populate_recordset(NULL::survey_responses, $1::jsonb)
ORDER BY survey, response_id
ON CONFLICT (survey, response_id) DO UPDATE
SET {", ".join(f"{name} = excluded.{name}" for name in _KEPT if name not in ("survey", "response_id"))}
"""  # noqa: S608 - names of ours

# An answer belongs to who was a member when it was given, by the consents of then: so it is whose it was when
# the topic is read again.
_WHOSE = """
WITH RECURSIVE asked AS (
    SELECT n, e->>0 AS kind, e->>1 AS id, (e->>2)::timestamptz AS answered_at
    FROM jsonb_array_elements($1::jsonb) WITH ORDINALITY a(e, n)
), up AS (
    SELECT n, r.retailer_id, r.merged_into FROM asked JOIN retailers r ON r.retailer_id = asked.id
    WHERE kind = 'retailer'
    UNION ALL
    SELECT n, r.retailer_id, r.merged_into FROM up JOIN retailers r ON r.retailer_id = up.merged_into
)
SELECT up.retailer_id, CASE WHEN why IS NULL THEN c.member_id END AS member_id, why AS unmatched
FROM asked LEFT JOIN up ON up.n = asked.n AND up.merged_into IS NULL
LEFT JOIN consumers c ON asked.kind = 'consumer' AND c.member_id = asked.id
CROSS JOIN LATERAL (SELECT CASE
    WHEN up.retailer_id IS NOT NULL THEN NULL
    WHEN c.member_id IS NULL THEN 'unknown-customer'
    WHEN c.ended_at <= answered_at THEN 'membership-ended'
    WHEN NOT EXISTS (SELECT FROM (
        SELECT DISTINCT ON (channel) given FROM consents k
        WHERE k.member_id = c.member_id AND purpose = 'survey' AND decided_at <= answered_at
        ORDER BY channel, decided_at DESC, consent_id DESC) k WHERE given) THEN 'no-consent' END AS why) w
ORDER BY asked.n
"""
OF_CHANGED = f"""
WITH RECURSIVE down AS (
    SELECT (e->>1) COLLATE "C" AS id FROM jsonb_array_elements($1::jsonb) e WHERE e->>0 = 'retailer'
    UNION SELECT r.retailer_id FROM down JOIN retailers r ON r.merged_into = down.id
), told AS (
    SELECT 'retailer' AS kind, id FROM down
    UNION ALL SELECT 'consumer', e->>1 FROM jsonb_array_elements($1::jsonb) e WHERE e->>0 = 'consumer'
)
SELECT {", ".join(f"s.{name}" for name in _KEPT)} FROM told
JOIN survey_responses s ON s.told_kind = told.kind AND s.told_id = told.id AND s.source = 'feedback'
WHERE told.kind = 'retailer' OR s.unmatched = 'unknown-customer'
ORDER BY s.response_key
"""  # noqa: S608 - names of ours


class Whose(NamedTuple):
    """Whose a response is; `allowed` is false for a member that gave no consent to surveys."""

    retailer_id: str | None
    member_id: str | None
    allowed: bool = True
    unmatched: Unmatched | None = None


async def share(conn: Connection) -> None:
    """Keep members from being erased until this transaction ends; batches of answers go side by side."""
    await conn.execute("SELECT pg_advisory_xact_lock_shared($1)", LOCK)


async def own(conn: Connection) -> None:
    """Wait for the batches that are under way, and keep others waiting until this transaction ends."""
    await conn.execute("SELECT pg_advisory_xact_lock($1)", LOCK)


async def find_customers(conn: Connection, tokens: Collection[str]) -> dict[str, Whose]:
    """Find trade customers by id or licence, and members by id, among those that are live."""
    names = sorted(set(tokens))
    rows = await conn.fetch(
        """SELECT t AS token, coalesce(r.merged_into, r.retailer_id) AS retailer_id
           FROM unnest($1::text[]) t JOIN retailers r ON r.retailer_id = t
           UNION ALL
           SELECT licence_number, retailer_id FROM retailers
           WHERE licence_number = ANY($1::text[]) AND state <> 'closed' AND merged_into IS NULL""",
        names,
    )
    members = await conn.fetch(
        """SELECT c.member_id, EXISTS (
               SELECT FROM consent_states s
               WHERE s.member_id = c.member_id AND s.purpose = 'survey' AND s.given)
           FROM consumers c WHERE c.member_id = ANY($1::text[]) AND c.ended_why IS NULL""",
        names,
    )
    found = {row[0]: Whose(None, row[0], row[1]) for row in members}
    return found | {row["token"]: Whose(row["retailer_id"], None) for row in rows}


async def whose(conn: Connection, answered: Sequence[tuple[Party, datetime]]) -> list[Whose]:
    """Say whose answers are that name a customer, each by the customer and when it was answered.

    A member who had not agreed to surveys by then, or was none any more, is left out of it.
    """
    rows = await conn.fetch(_WHOSE, [[*party, moment] for party, moment in answered])
    return [Whose(row["retailer_id"], row["member_id"], unmatched=row["unmatched"]) for row in rows]


async def read(
    conn: Connection, survey: str, response_ids: Collection[str], *, lock: bool = False
) -> dict[str, Response]:
    rows = await conn.fetch(
        f"""SELECT {", ".join(_KEPT)} FROM survey_responses
            WHERE survey = $1 AND response_id = ANY($2::text[])
            ORDER BY response_id {"FOR UPDATE" if lock else ""}""",  # noqa: S608 - names of ours
        survey,
        list(response_ids),
    )
    return {row["response_id"]: Response(**row) for row in rows}


async def read_told(conn: Connection, response_ids: Collection[UUID]) -> dict[UUID, Response]:
    """Read and lock what is known of answers that were told, whatever their survey."""
    rows = await conn.fetch(
        f"""SELECT {", ".join(_KEPT)} FROM survey_responses WHERE response_key = ANY($1::uuid[])
            ORDER BY response_key FOR UPDATE""",  # noqa: S608 - names of ours
        list(response_ids),
    )
    return {row["response_key"]: Response(**row) for row in rows}


async def of_changed(conn: Connection, parties: Collection[Party]) -> list[Response]:
    """Read the answers that were told of these trade customers and what was merged into them.

    Of members only those that nobody was known for.
    """
    rows = await conn.fetch(OF_CHANGED, [list(each) for each in sorted(parties)])
    return [Response(**row) for row in rows]


async def write(conn: Connection, responses: Sequence[Response]) -> None:
    await conn.execute(_WRITE, [each.model_dump(mode="json") for each in responses])


async def page(
    conn: Connection, filters: dict[str, str], *, after: tuple[str, str], limit: int
) -> list[ResponseView]:
    query = Conditions()
    query.where("(survey, response_id) > (?, ?)", *after)
    for name, value in filters.items():
        query.where(f"{name} = ?", value)
    statement = f"SELECT {_COLUMNS} FROM survey_responses WHERE {query.sql} ORDER BY 1, 2 LIMIT {limit}"  # noqa: S608
    return [ResponseView(**row) for row in await conn.fetch(statement, *query.arguments)]
