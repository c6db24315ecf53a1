"""Where a customer is reached over a channel, looked up when a message is sent and kept nowhere else."""

from humidor_common.db.pool import Connection
from humidor_customers.channels.adapter import Account
from humidor_customers.channels.registry import ADAPTERS
from humidor_customers.interactions.rules import e164
from humidor_customers.parties import Party

_CONSUMER = "SELECT phone, email FROM consumer_contacts WHERE member_id = $1"
_RETAILER = """
SELECT c->>'phone' AS phone, c->>'email' AS email
FROM retailers, jsonb_array_elements(contacts) WITH ORDINALITY AS e(c, n) WHERE retailer_id = $1 ORDER BY n
"""
_HANDLE = """
SELECT handle FROM channel_handles WHERE party_kind = $1 AND party_id = $2 AND account_id = $3
ORDER BY added_at DESC LIMIT 1
"""


async def address_of(conn: Connection, party: Party, account: Account) -> str | None:
    """Give the address: the first contact's that has one, as the provider writes it; None where none has."""
    medium = ADAPTERS[account.adapter].medium
    if medium not in ("email", "sms"):
        handle: str | None = await conn.fetchval(_HANDLE, *party, account.account_id)
        return handle
    rows = await conn.fetch(_CONSUMER if party.kind == "consumer" else _RETAILER, party.id)
    if medium == "email":
        return next((row["email"] for row in rows if row["email"]), None)
    return next((number for row in rows if row["phone"] and (number := e164(row["phone"]))), None)
