"""Takes what comes in over channels: messages, receipts, and the word that takes a consent back."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from humidor_common.auth import Principal
from humidor_common.auth.sealing import Sealer
from humidor_common.db.pool import Connection, Pool
from humidor_common.db.transaction import transaction
from humidor_common.delivery import Outgoing, enqueue
from humidor_common.delivery.channels import Claimed
from humidor_common.delivery.retries import Outcome
from humidor_common.ids import uuid7
from humidor_common.web.problems import Problem
from humidor_customers.channels.adapter import (
    Account,
    Forged,
    Inbound,
    Incoming,
    Received,
    Tools,
    Unreadable,
    as_documented,
)
from humidor_customers.channels.registry import ADAPTERS
from humidor_customers.channels.service import load_account
from humidor_customers.consumers.optout import withdraw_channel
from humidor_customers.interactions import queries
from humidor_customers.interactions.rules import consent_channel, opts_out
from humidor_customers.interactions.service import parts, tell
from humidor_customers.parties import Party, keep
from humidor_customers.retailers.rules import phone_key

PULL = "customers.pull"
_MOST_PAGES = 50


async def receive(
    conn: Connection, account_id: str, incoming: Incoming, sealer: Sealer, *, now: datetime
) -> Received:
    """Take a call of a provider; the same message again changes nothing.

    Raises:
        Problem: 404 where there is no such account in use; 401 `call-forged`; 409 `seal-broken`; 422
            `call-unreadable`.
    """
    account = await load_account(conn, account_id, sealer)
    try:
        received = ADAPTERS[account.adapter].receive(account, incoming, now=now)
    except Forged as error:
        raise Problem(401, "call-forged", "The call does not prove that the provider made it.") from error
    except Unreadable as error:
        raise Problem(422, "call-unreadable", f"{error}.") from error
    for each in received.messages:
        await take(conn, account, each, now=now)
    for receipt in received.receipts:
        await queries.note_receipt(
            conn, account_id, receipt.provider_id, delivered=receipt.delivered, code=receipt.code
        )
    if received.pull is not None:
        body = {"token": received.pull}
        pull = Outgoing(channel="own", target=account_id, topic=PULL, subject="", body=body)
        await enqueue(conn, [pull], now=now)
    return received


async def take(conn: Connection, account: Account, inbound: Inbound, *, now: datetime) -> UUID | None:
    """Keep one message that came in, under the customer whom its address names; None where it is there."""
    adapter = ADAPTERS[account.adapter]
    address, text, subject = (_clean(each) for each in (inbound.address, inbound.text, inbound.subject))
    phone = phone_key(inbound.address) if adapter.medium == "sms" else None
    party = await _owner(conn, account.account_id, address or "", adapter.medium, phone)
    interaction_id = uuid7()
    new = await queries.write(
        conn,
        **parts(party),
        interaction_id=interaction_id,
        medium=adapter.medium,
        direction="in",
        purpose="service",
        state="received",
        occurred_at=inbound.sent_at,
        recorded_at=now,
        recorded_by=f"channel {account.account_id}",
        account_id=account.account_id,
        provider_id=_clean(inbound.provider_id),
        reply_to=await queries.answered(conn, account.account_id, _clean(inbound.in_reply_to)),
    )
    if not new:
        return None
    await queries.write_text(conn, interaction_id, (subject, text), address=address)
    await tell(conn, interaction_id)
    if party is not None and adapter.medium == "sms" and opts_out(inbound.text):
        await _opt_out(conn, account, party, now)
    return interaction_id


async def _owner(
    conn: Connection, account_id: str, address: str, medium: str, phone: str | None
) -> Party | None:
    """Find whose address it is, and keep that customer from being merged or erased before it is written."""
    known: Party | None = None
    while True:
        found = await queries.owner_of(conn, account_id, address, email=medium == "email", phone=phone)
        if found is None or found == known:
            return found
        await keep(conn, found)
        known = found


async def _opt_out(conn: Connection, account: Account, party: Party, now: datetime) -> None:
    channel = consent_channel(ADAPTERS[account.adapter].medium)
    if party.kind == "consumer" and channel:
        caller = Principal(subject=f"channel {account.account_id}", kind="system")
        await withdraw_channel(conn, caller, party.id, channel, source="reply by SMS", now=now)


async def fetch(pool: Pool, tools: Tools, claimed: Claimed, wake: Callable[[], None]) -> Outcome:
    """Fetch what came in, page by page; what is fetched again is there already, so it is kept once."""
    token = word_of(claimed, "token")
    for _ in range(_MOST_PAGES):
        async with transaction(pool) as conn:
            account = await load_account(conn, claimed.target, tools.sealer)
        with as_documented():
            page = await ADAPTERS[account.adapter].pull(tools, account, token)
        for each in page.messages:
            async with transaction(pool) as conn:
                await take(conn, account, each, now=tools.now)
        async with transaction(pool) as conn:
            await conn.execute(
                "UPDATE channel_accounts SET cursor = $2 WHERE account_id = $1", claimed.target, page.cursor
            )
        wake()
        if not page.more:
            break
    return Outcome(result="sent")


def word_of(claimed: Claimed, name: str) -> str:
    """Read a word of what was put in among the deliveries."""
    return str(claimed.body[name]) if isinstance(claimed.body, dict) else ""


def _clean(text: str | None) -> str | None:
    return None if text is None else text.replace("\x00", "").encode(errors="replace").decode()
