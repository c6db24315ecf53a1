"""Whom something concerns: a trade customer or a consumer who is a member."""

from humidor_common.auth import Principal
from humidor_common.db.pool import Connection
from humidor_common.web.inputs import Input
from humidor_common.web.problems import Problem, invalid
from humidor_customers.consumers import queries as consumers
from humidor_customers.consumers import service as members
from humidor_customers.consumers.schemas import MemberId
from humidor_customers.inputs import Party, PartyKind
from humidor_customers.retailers import queries as retailers
from humidor_customers.retailers.seeing import check_seen
from humidor_customers.retailers.seeing import seen as seen_retailer
from humidor_customers.retailers.service import lock_live

__all__ = ["Party", "PartyInput", "PartyKind", "PartyView", "keep", "lock", "narrow", "seen"]


class PartyInput(Input):
    """The customer whom something concerns: `retailer` with its id, or `consumer` with the member's id."""

    kind: PartyKind
    id: MemberId

    @property
    def party(self) -> Party:
        return Party(self.kind, self.id)


class PartyView(PartyInput):
    """The customer whom something concerns."""


async def seen(conn: Connection, principal: Principal, party: Party) -> None:
    """Refuse a customer whom the caller may not see.

    Raises:
        Problem: 404.
    """
    if party.kind == "retailer":
        await seen_retailer(conn, principal, party.id)
    else:
        await members.seen(conn, principal, party.id)


async def lock(conn: Connection, principal: Principal, party: Party) -> None:
    """Keep a customer from being merged or erased before this transaction ends.

    Raises:
        Problem: 404; 409 `retailer-merged` or `membership-ended` (erased).
    """
    if party.kind == "retailer":
        check_seen(principal, await lock_live(conn, party.id))
        return
    await consumers.lock(conn, party.id)
    found = await members.seen(conn, principal, party.id)
    if found.ended_why == "erased":
        raise Problem(409, "membership-ended", "The membership has ended: erased.")


async def keep(conn: Connection, party: Party) -> None:
    """Keep a customer from being merged or erased before this transaction ends, whoever asks."""
    if party.kind == "retailer":
        await retailers.lock(conn, [party.id])
    else:
        await consumers.lock(conn, party.id)


async def narrow(
    conn: Connection, principal: Principal, kind: PartyKind | None, customer_id: str | None
) -> Party | None:
    """Read of which customer a list is to be; None is all, for callers of every store.

    Raises:
        Problem: 403, 404, 422 where only one of the two is given.
    """
    if kind is None and customer_id is None:
        principal.check_every_store()
        return None
    if kind is None or customer_id is None:
        raise invalid("customer_id" if kind else "customer_kind", "the two go together")
    await seen(conn, principal, Party(kind, customer_id))
    return Party(kind, customer_id)
