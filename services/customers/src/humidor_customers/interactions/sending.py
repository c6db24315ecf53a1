"""Sends messages: put in with what they are about alone; everything personal is looked up at the last moment.

So the deliveries hold no address and no text, and a consent that is taken back while a message waits counts.
"""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

import httpx

from humidor_common import audit
from humidor_common.auth import Principal
from humidor_common.auth.sealing import Sealer
from humidor_common.clock import utc_now
from humidor_common.db.failures import DATABASE_ERRORS
from humidor_common.db.pool import Connection, Pool
from humidor_common.db.transaction import transaction
from humidor_common.delivery import Outgoing, enqueue
from humidor_common.delivery.channels import Claimed
from humidor_common.delivery.retries import Outcome
from humidor_common.delivery.sender import Own
from humidor_common.ids import uuid7
from humidor_common.web.problems import Problem, invalid
from humidor_customers.channels.adapter import Account, Message, PullFailed, Sent, Tools, as_documented
from humidor_customers.channels.registry import ADAPTERS
from humidor_customers.channels.service import load_account
from humidor_customers.interactions import queries
from humidor_customers.interactions.addresses import address_of
from humidor_customers.interactions.receiving import PULL, fetch, word_of
from humidor_customers.interactions.schemas import InteractionView, MessageInput
from humidor_customers.interactions.service import check_reply, consented, parts, tell, view_of
from humidor_customers.parties import Party, lock
from humidor_customers.settings import CustomersSettings

MESSAGE = "customers.message"


async def queue(
    conn: Connection, principal: Principal, given: MessageInput, *, now: datetime
) -> InteractionView:
    """Put a message in, to be sent by the worker once this is committed.

    Raises:
        Problem: 404; 409 `consent-missing` where the consumer has not allowed it, `membership-ended`,
            `retailer-merged`; 422 for a channel or content that does not fit, or where nobody is reached.
    """
    party = given.customer.party
    await lock(conn, principal, party)
    account = await load_account(conn, given.account_id)
    adapter = ADAPTERS[account.adapter]
    if not await consented(conn, party, adapter.medium, given.purpose):
        detail = f"The consumer has not allowed {given.purpose} by {adapter.consent}; nothing is sent."
        raise Problem(409, "consent-missing", detail)
    if adapter.by_template and not given.template_id:
        raise invalid("template_id", "is needed: this channel sends approved templates alone")
    if not adapter.by_template and not given.text:
        raise invalid("text", "is needed")
    if await address_of(conn, party, account) is None:
        raise invalid("customer", f"cannot be reached over {given.account_id}")
    await check_reply(conn, party, given.reply_to)
    return await _put_in(conn, principal, given, adapter.medium, now=now)


async def _put_in(
    conn: Connection, principal: Principal, given: MessageInput, medium: str, *, now: datetime
) -> InteractionView:
    interaction_id = uuid7()
    body = {"interaction_id": str(interaction_id)}
    message = Outgoing(channel="own", target=given.account_id, topic=MESSAGE, subject="", body=body)
    (delivery_id,) = await enqueue(conn, [message], now=now)
    await queries.write(
        conn,
        **parts(given.customer.party),
        interaction_id=interaction_id,
        medium=medium,
        direction="out",
        purpose=given.purpose,
        state="queued",
        occurred_at=now,
        recorded_at=now,
        recorded_by=principal.subject,
        account_id=given.account_id,
        delivery_id=delivery_id,
        reply_to=given.reply_to,
    )
    template = [given.template_id, *given.params] if given.template_id else None
    await queries.write_text(conn, interaction_id, (given.subject, given.text), template=template)
    view = view_of(await queries.read(conn, interaction_id))
    after = view.model_dump(mode="json")
    await audit.record(conn, principal, "send", "interaction", str(interaction_id), after=after)
    return view


def own_way(pool: Pool, settings: CustomersSettings, wake: Callable[[], None]) -> Own:
    """Make the service's own way of sending, for its `Sender`."""
    sealer = Sealer(settings.connector_keys)

    async def send(client: httpx.AsyncClient, message: Claimed) -> Outcome:
        tools = Tools(client, settings, utc_now(), sealer)
        try:
            if message.topic == PULL:
                return await fetch(pool, tools, message, wake)
            return await _send_message(pool, tools, message, wake)
        except PullFailed as error:
            return error.outcome
        except Problem as problem:
            broken = problem.code == "seal-broken"
            detail = "its secrets cannot be opened" if broken else "the account is switched off"
            return Outcome(result="refused", detail=detail)
        except ValueError as error:
            return Outcome(result="refused", detail=f"the account does not fit: {type(error).__name__}")
        except (httpx.HTTPError, httpx.InvalidURL, OSError, *DATABASE_ERRORS) as error:
            return Outcome(result="failed", detail=type(error).__name__)

    return send


async def _send_message(pool: Pool, tools: Tools, claimed: Claimed, wake: Callable[[], None]) -> Outcome:
    interaction_id = UUID(word_of(claimed, "interaction_id"))
    async with transaction(pool) as conn:
        prepared = await _prepare(conn, interaction_id, claimed, tools)
    if isinstance(prepared, Outcome):
        return prepared
    account, message = prepared
    with as_documented():
        sent = await ADAPTERS[account.adapter].send(tools, account, message)
    async with transaction(pool) as conn:
        await _settle(conn, interaction_id, sent, tools.now)
    wake()
    return sent.outcome


async def _prepare(
    conn: Connection, interaction_id: UUID, claimed: Claimed, tools: Tools
) -> tuple[Account, Message] | Outcome:
    """Look up all that sending needs, or say why it is not sent."""
    row = await queries.read(conn, interaction_id, lock=True)
    if row["state"] in ("sent", "delivered"):
        return Outcome(result="sent", detail="it was sent before")
    party = Party(row["party_kind"], row["party_id"])
    account = await load_account(conn, row["account_id"], tools.sealer)
    if not await consented(conn, party, row["medium"], row["purpose"]):
        return await _withhold(conn, interaction_id, "withheld", "consent-withdrawn", tools.now)
    said = await queries.text_of(conn, interaction_id)
    address = await address_of(conn, party, account)
    if said is None or address is None:
        why = "no-address" if said else "erased"
        return await _withhold(conn, interaction_id, "failed", why, tools.now)
    template = said["template"] or [None]
    content = (said["subject"], said["text"], template[0], template[1:])
    return account, Message(interaction_id, claimed.delivery_id, address, *content)


async def _withhold(
    conn: Connection, interaction_id: UUID, state: str, reason: str, now: datetime
) -> Outcome:
    await queries.settle(conn, interaction_id, state, now=now, reason=reason)
    return Outcome(result="refused", detail=reason)


async def _settle(conn: Connection, interaction_id: UUID, sent: Sent, now: datetime) -> None:
    """Write down what came of an attempt; only what was sent stands on the timeline."""
    if sent.outcome.result == "sent":
        await queries.settle(conn, interaction_id, "sent", now=now, provider_id=sent.provider_id)
        await tell(conn, interaction_id)
    elif sent.outcome.result == "refused":
        await queries.settle(conn, interaction_id, "failed", now=now, reason=sent.outcome.detail)
