"""The documents of a request: the proof of what was done, and what was gathered."""

from datetime import datetime
from uuid import UUID

import msgspec

from humidor_common import audit
from humidor_common.auth import Principal
from humidor_common.db.pool import Connection
from humidor_common.web.problems import Problem
from humidor_customers.rights import ledger
from humidor_customers.rights.rules import Link, first_broken
from humidor_customers.rights.schemas import LinkView, Proof
from humidor_customers.rights.service import seen


async def prove(conn: Connection, principal: Principal, request_id: UUID) -> Proof:
    """Give what was done about a request, with the links that prove it."""
    request = await seen(conn, principal, request_id)
    links = await ledger.links_of(conn, request_id)
    head = await ledger.head(conn) or links[-1]
    return Proof(
        request=request,
        in_time=not request.overdue and (request.ended_at is None or request.ended_at <= request.due_at),
        links=[view_of(each) for each in links],
        head=view_of(head),
        verified=bool(links) and first_broken(links) is None,
    )


async def hand_out(conn: Connection, principal: Principal, request_id: UUID, *, now: datetime) -> bytes:
    """Give the gathered data as one JSON document, by service; that somebody took it stands in the trail.

    Raises:
        Problem: 404; 409 `request-state` until all is there; 410 `export-gone` once it is not kept any more.
    """
    request = await seen(conn, principal, request_id)
    if request.kind != "export" or request.state != "completed":
        raise Problem(409, "request-state", f"This is an {request.kind}, and it is {request.state}.")
    rows = await conn.fetch(
        "SELECT service, document FROM privacy_answers WHERE request_id = $1 ORDER BY service", request_id
    )
    if any(row["document"] is None for row in rows):
        raise Problem(410, "export-gone", "What was gathered is not kept any more; make another request.")
    await audit.record(conn, principal, "read", "privacy_export", str(request_id))
    document = {
        "request_id": request_id,
        "member_id": request.member_id,
        "retailer_id": request.retailer_id,
        "received_at": request.received_at,
        "handed_out_at": now,
        "services": {row["service"]: msgspec.Raw(row["document"]) for row in rows},
    }
    return msgspec.json.encode(document)


def view_of(link: Link) -> LinkView:
    return LinkView(**link._asdict())
