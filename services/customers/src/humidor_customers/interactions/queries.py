"""Statements over interactions, and over whom an address belongs to."""

from datetime import datetime
from typing import Any
from uuid import UUID

from humidor_common.db.pool import Connection
from humidor_customers.conditions import Conditions
from humidor_customers.parties import Party

_COLUMNS = (
    "interaction_id",
    "party_kind",
    "party_id",
    "medium",
    "direction",
    "purpose",
    "state",
    "occurred_at",
    "recorded_at",
    "recorded_by",
    "account_id",
    "provider_id",
    "delivery_id",
    "reply_to",
    "duration_seconds",
    "outcome",
    "reason",
    "without_consent",
)
_PLACES = ", ".join(f"${n}" for n, _ in enumerate(_COLUMNS, 1))
_WRITE = f"""
INSERT INTO interactions ({", ".join(_COLUMNS)}) VALUES ({_PLACES})
ON CONFLICT DO NOTHING RETURNING interaction_id
"""  # noqa: S608 - names of ours
# A message that nobody tries to send any more has failed, whatever it was when its last attempt began.
_SELECT = """
SELECT i.*, d.state AS delivery_state, d.reason AS delivery_reason,
       EXISTS (SELECT FROM interaction_texts t WHERE t.interaction_id = i.interaction_id) AS has_text
FROM interactions i LEFT JOIN deliveries d ON d.delivery_id = i.delivery_id AND i.state = 'queued'
"""
_TEXT = """
INSERT INTO interaction_texts (interaction_id, address, subject, text, template) VALUES ($1, $2, $3, $4, $5)
"""
_BY_HANDLE = "SELECT party_kind, party_id FROM channel_handles WHERE account_id = $1 AND handle = $2"
_BY_EMAIL = """
SELECT 'consumer' AS party_kind, member_id AS party_id FROM consumer_contacts WHERE lower(email) = lower($1)
UNION ALL
SELECT 'retailer', retailer_id FROM retailers
WHERE merged_into IS NULL AND email_keys @> ARRAY[lower($1::text)] LIMIT 2
"""
_BY_PHONE = """
SELECT 'consumer' AS party_kind, member_id AS party_id FROM consumer_contacts
WHERE right(regexp_replace(phone, '[^0-9]', '', 'g'), 11) = right($1, 11)
UNION ALL
SELECT 'retailer', retailer_id FROM retailers
WHERE merged_into IS NULL AND phone_keys @> ARRAY[$1::text] LIMIT 2
"""


async def write(conn: Connection, **values: Any) -> bool:
    """Write an interaction; gives False where the provider's message is there already."""
    row = {"without_consent": False} | values
    done: UUID | None = await conn.fetchval(_WRITE, *(row.get(name) for name in _COLUMNS))
    return done is not None


async def write_text(
    conn: Connection,
    interaction_id: UUID,
    said: tuple[str | None, str | None],
    *,
    address: str | None = None,
    template: list[str] | None = None,
) -> None:
    """Keep what was said, subject and text, where anything was."""
    if any(said) or address or template:
        await conn.execute(_TEXT, interaction_id, address, *said, template)


async def read(conn: Connection, interaction_id: UUID, *, lock: bool = False) -> Any:
    """Read an interaction with the state of its delivery; None where there is none."""
    if lock:
        await conn.execute("SELECT FROM interactions WHERE interaction_id = $1 FOR UPDATE", interaction_id)
    return await conn.fetchrow(f"{_SELECT} WHERE i.interaction_id = $1", interaction_id)


async def text_of(conn: Connection, interaction_id: UUID) -> Any:
    return await conn.fetchrow("SELECT * FROM interaction_texts WHERE interaction_id = $1", interaction_id)


def page_statement(
    party: Party | None, unassigned: bool, equal: dict[str, str], *, before: UUID, limit: int
) -> tuple[str, list[Any]]:
    query = Conditions()
    query.where("i.interaction_id < ?", before)
    if party is not None:
        query.where("i.party_kind = ? AND i.party_id = ?", *party)
    if unassigned:
        query.where("i.party_id IS NULL")
    for name, value in equal.items():
        query.where(f"i.{name} = ?", value)
    return f"{_SELECT} WHERE {query.sql} ORDER BY i.interaction_id DESC LIMIT {limit}", query.arguments


async def settle(
    conn: Connection,
    interaction_id: UUID,
    state: str,
    *,
    now: datetime,
    reason: str | None = None,
    provider_id: str | None = None,
) -> None:
    """Write down what became of a message."""
    await conn.execute(
        """UPDATE interactions SET state = $2, reason = $3, provider_id = coalesce($4, provider_id),
                  occurred_at = CASE WHEN $2 = 'sent' THEN $5 ELSE occurred_at END
           WHERE interaction_id = $1""",
        interaction_id,
        state,
        reason,
        provider_id,
        now,
    )


async def note_receipt(
    conn: Connection, account_id: str, provider_id: str, *, delivered: bool, code: str
) -> None:
    """Write down whether a message that was sent has arrived; an unknown one changes nothing."""
    await conn.execute(
        """UPDATE interactions SET state = CASE WHEN $3 THEN 'delivered' ELSE 'failed' END,
                  reason = CASE WHEN $3 THEN NULL ELSE $4 END
           WHERE account_id = $1 AND direction = 'out' AND provider_id = $2 AND state = 'sent'""",
        account_id,
        provider_id,
        delivered,
        code,
    )


async def answered(conn: Connection, account_id: str, provider_id: str | None) -> UUID | None:
    """Find our message that one which came in answers."""
    if provider_id is None:
        return None
    found: UUID | None = await conn.fetchval(
        """SELECT interaction_id FROM interactions
           WHERE account_id = $1 AND direction = 'out' AND provider_id = $2""",
        account_id,
        provider_id,
    )
    return found


async def owner_of(
    conn: Connection, account_id: str, address: str, *, email: bool, phone: str | None
) -> Party | None:
    """Find whose address it is: by its name over there, else by the contacts where they name just one."""
    rows = await conn.fetch(_BY_HANDLE, account_id, address)
    if not rows and email:
        rows = await conn.fetch(_BY_EMAIL, address)
    if not rows and phone:
        rows = await conn.fetch(_BY_PHONE, phone)
    return Party(*rows[0]) if len(rows) == 1 else None
