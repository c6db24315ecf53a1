"""Statements over members and their consents."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from humidor_common.db.pool import Connection
from humidor_customers.conditions import Conditions
from humidor_customers.consumers.schemas import ConsentView, ConsumerView, Filters

_COLUMNS = tuple(name for name in ConsumerView.model_fields if name not in ("consents", "has_contact"))
_DECISION = tuple(ConsentView.model_fields)

_SELECT = f"""
SELECT {", ".join(f"c.{name}" for name in _COLUMNS)},
       EXISTS (SELECT FROM consumer_contacts p WHERE p.member_id = c.member_id) AS has_contact,
       coalesce((SELECT jsonb_agg(to_jsonb(s) - 'member_id' ORDER BY s.purpose, s.channel)
                 FROM consent_states s WHERE s.member_id = c.member_id), '[]') AS consents
FROM consumers c
"""  # noqa: S608 - names of ours
_WRITE = f"""
INSERT INTO consumers ({", ".join(_COLUMNS)}) VALUES ({", ".join(f"${n}" for n, _ in enumerate(_COLUMNS, 1))})
ON CONFLICT (member_id) DO UPDATE SET {", ".join(f"{name} = excluded.{name}" for name in _COLUMNS[1:])}
"""  # noqa: S608
_RECORD = f"""
INSERT INTO consents ({", ".join(_DECISION)})
SELECT {", ".join(_DECISION)} FROM jsonb_populate_recordset(NULL::consents, $1::jsonb)
"""  # noqa: S608
_STATE = """
INSERT INTO consent_states (member_id, purpose, channel, given, decided_at, source, text_version)
SELECT member_id, purpose, channel, given, decided_at, source, text_version
FROM jsonb_populate_recordset(NULL::consents, $1::jsonb) ORDER BY purpose, channel
ON CONFLICT (member_id, purpose, channel) DO UPDATE
SET given = excluded.given, decided_at = excluded.decided_at, source = excluded.source,
    text_version = excluded.text_version
"""


async def lock(conn: Connection, member_id: str) -> None:
    """Have a member to oneself; some others share its lock, of which there is a bounded number."""
    await conn.execute("SELECT pg_advisory_xact_lock(7401004, hashtext($1) & 1023)", member_id)


async def forgotten(conn: Connection, member_ids: Collection[str]) -> set[str]:
    """Name those whose data was erased, and let nobody erase the others' until this transaction ends."""
    ids = list(member_ids)
    await conn.execute(
        """SELECT pg_advisory_xact_lock_shared(7401004, place) FROM (
               SELECT DISTINCT hashtext(m) & 1023 AS place FROM unnest($1::text[]) m ORDER BY 1) places""",
        ids,
    )
    rows = await conn.fetch(
        "SELECT member_id FROM consumers WHERE member_id = ANY($1::text[]) AND ended_why = 'erased'", ids
    )
    return {row[0] for row in rows}


async def read(conn: Connection, member_id: str) -> ConsumerView | None:
    row = await conn.fetchrow(f"{_SELECT} WHERE c.member_id = $1", member_id)
    return None if row is None else ConsumerView(**row)


async def write(conn: Connection, view: ConsumerView) -> None:
    await conn.execute(_WRITE, *(getattr(view, name) for name in _COLUMNS))


async def card_holder(conn: Connection, card_number: str) -> str | None:
    await conn.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 7401005))", card_number)
    found: str | None = await conn.fetchval(
        "SELECT member_id FROM consumers WHERE card_number = $1", card_number
    )
    return found


async def page(
    conn: Connection, filters: Filters, visible: list[str] | None, *, after: str, limit: int
) -> list[ConsumerView]:
    """Read members in the order of their ids."""
    statement, arguments = build(filters, visible, after=after, limit=limit)
    return [ConsumerView(**row) for row in await conn.fetch(statement, *arguments)]


def build(filters: Filters, visible: list[str] | None, *, after: str, limit: int) -> tuple[str, list[Any]]:
    query = Conditions()
    query.where("c.member_id > ?", after)
    if len(stores := visible or []) == 1:
        query.where("c.store_id = ?", stores[0])
    elif visible is not None:
        query.where("c.store_id = ANY(?)", visible)
    if filters.card_number is not None:
        query.where("c.card_number = ?", filters.card_number)
    if filters.adult_verified is not None:
        query.where("c.adult_verified = ?", filters.adult_verified)
    if filters.live is not None:
        query.where("(c.ended_why IS NULL) = ?", filters.live)
    if filters.purpose and filters.channel:
        query.where(
            """EXISTS (SELECT FROM consent_states g WHERE g.member_id = c.member_id
                       AND g.purpose = ? AND g.channel = ? AND g.given)""",
            filters.purpose,
            filters.channel,
        )
    return f"{_SELECT} WHERE {query.sql} ORDER BY c.member_id LIMIT {limit}", query.arguments


async def record_consents(
    conn: Connection, recorded: Sequence[ConsentView], holding: Sequence[ConsentView]
) -> None:
    """Record decisions for ever, and let those hold that change what holds."""
    await conn.execute(_RECORD, [each.model_dump(mode="json") for each in recorded])
    if holding:
        await conn.execute(_STATE, [each.model_dump(mode="json") for each in holding])


async def consents_of(conn: Connection, member_id: str, *, before: UUID, limit: int) -> list[ConsentView]:
    rows = await conn.fetch(
        "SELECT * FROM consents WHERE member_id = $1 AND consent_id < $2 ORDER BY consent_id DESC LIMIT $3",
        member_id,
        before,
        limit,
    )
    return [ConsentView(**row) for row in rows]
