"""Statements over survey answers."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from humidor_common.db.pool import Connection
from humidor_common.ids import uuid7
from humidor_customers.answers.schemas import ResponseView
from humidor_customers.conditions import Conditions

_COLUMNS = "survey, response_id, retailer_id, member_id, answered_at, answers, received_at"
_WRITE = """
INSERT INTO survey_responses (survey, response_id, response_key, retailer_id, member_id, answered_at, answers,
                              received_at)
SELECT survey, response_id, response_key, retailer_id, member_id, answered_at, answers, received_at
FROM jsonb_populate_recordset(NULL::survey_responses, $1::jsonb) ORDER BY 1, 2
ON CONFLICT (survey, response_id) DO UPDATE
SET retailer_id = excluded.retailer_id, member_id = excluded.member_id, answered_at = excluded.answered_at,
    answers = excluded.answers, received_at = excluded.received_at
"""


class Whose(NamedTuple):
    """Whose a response is; `allowed` is false for a member that gave no consent to surveys."""

    retailer_id: str | None
    member_id: str | None
    allowed: bool = True


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


async def read(conn: Connection, survey: str, response_ids: Collection[str]) -> dict[str, ResponseView]:
    rows = await conn.fetch(
        f"SELECT {_COLUMNS} FROM survey_responses WHERE survey = $1 AND response_id = ANY($2::text[])",  # noqa: S608
        survey,
        list(response_ids),
    )
    return {row["response_id"]: ResponseView(**row) for row in rows}


async def write(conn: Connection, responses: Sequence[ResponseView]) -> None:
    rows: list[dict[str, Any]] = [
        each.model_dump(mode="json") | {"response_key": uuid7()} for each in responses
    ]
    await conn.execute(_WRITE, rows)


async def page(
    conn: Connection, filters: dict[str, str], *, after: tuple[str, str], limit: int
) -> list[ResponseView]:
    query = Conditions()
    query.where("(survey, response_id) > (?, ?)", *after)
    for name, value in filters.items():
        query.where(f"{name} = ?", value)
    statement = f"SELECT {_COLUMNS} FROM survey_responses WHERE {query.sql} ORDER BY 1, 2 LIMIT {limit}"  # noqa: S608
    return [ResponseView(**row) for row in await conn.fetch(statement, *query.arguments)]


def as_response(values: dict[str, Any], whose: Whose, now: datetime) -> ResponseView:
    return ResponseView(**values, retailer_id=whose.retailer_id, member_id=whose.member_id, received_at=now)
