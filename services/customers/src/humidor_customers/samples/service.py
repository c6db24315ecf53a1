"""Leads consultations and sample requests to an order, or notes down why none came of them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from humidor_common import audit
from humidor_common.auth import Principal
from humidor_common.db.pool import Connection
from humidor_common.events.customers import PresaleMoved
from humidor_common.ids import uuid7
from humidor_common.messaging import outbox
from humidor_common.web.inputs import check_match
from humidor_common.web.problems import FieldError, Problem, not_found
from humidor_customers.parties import Party
from humidor_customers.retailers import service as retailers
from humidor_customers.retailers.queries import Document
from humidor_customers.retailers.seeing import check_seen, seen
from humidor_customers.samples import queries
from humidor_customers.samples.rules import FINAL, FIRST, LICENSED, RULE, conversion_rate, may_become, refusal
from humidor_customers.samples.schemas import ConversionView, Period, PresaleInput, PresaleView, StepInput
from humidor_customers.timeline.service import Entry, add_entries


async def open_presale(
    conn: Connection, principal: Principal, given: PresaleInput, *, now: datetime
) -> PresaleView:
    """Open a consultation or sample request.

    Raises:
        Problem: 422 `not-for-consumers` naming the rule; 404; 409 `retailer-merged`, `licence-not-active`.
    """
    if why := refusal(given.kind, given.customer.kind):
        errors = [FieldError("customer.kind", why)]
        raise Problem(422, "not-for-consumers", f"{why[0].upper()}{why[1:]}.", errors=errors)
    retailer = await retailers.lock_live(conn, given.customer.id)
    check_seen(principal, retailer)
    row = given.model_dump(mode="json", exclude={"customer"}) | {
        "presale_id": uuid7(),
        "retailer_id": given.customer.id,
        "state": FIRST[given.kind],
        "licence_number": _licence(retailer, given.kind, FIRST[given.kind], now),
        "order_reference": None,
        "value_minor": None,
        "currency": None,
        "opened_at": now,
        "closed_at": None,
        "version": 1,
        "changed_at": now,
    }
    return await _write(conn, principal, row, None, now)


async def step(
    conn: Connection,
    principal: Principal,
    presale: tuple[UUID, StepInput],
    *,
    if_match: str | None,
    now: datetime,
) -> PresaleView:
    """Take the next step. Samples are approved and sent only while the customer's licence is active.

    Raises:
        Problem: 404; 409 `presale-state`, `licence-not-active`; 412.
    """
    presale_id, given = presale
    found = await queries.read(conn, presale_id, lock=True)
    if found is None:
        raise not_found("presale", presale_id)
    retailer = await seen(conn, principal, found["retailer_id"])
    check_match(if_match, found["version"])
    if not may_become(found["kind"], found["state"], given.state):
        raise Problem(409, "presale-state", f"It does not go from {found['state']} to {given.state}.")
    licence = _licence(retailer, found["kind"], given.state, now)
    update = given.model_dump(exclude={"note"}) | {
        "licence_number": licence or found["licence_number"],
        "closed_at": now if given.state in FINAL else None,
        "version": found["version"] + 1,
        "changed_at": now,
    }
    return await _write(conn, principal, dict(found) | update, given.note, now)


def _licence(retailer: Document, kind: str, state: str, now: datetime) -> str | None:
    """Give the licence on which samples are handed out; None where no tobacco is."""
    if kind != "sample" or state not in LICENSED:
        return None
    found = retailers.view(retailer, now)
    if found.licence_state != "active" or found.state != "active":
        detail = f"The licence of {found.retailer_id} is {found.licence_state}; {RULE}."
        raise Problem(409, "licence-not-active", detail)
    return found.licence_number


async def _write(
    conn: Connection, principal: Principal, row: dict[str, Any], note: str | None, now: datetime
) -> PresaleView:
    """Write a step, put it on the timeline and tell it."""
    await queries.write(conn, row, (note, principal.subject, now))
    view = PresaleView(**await queries.read(conn, row["presale_id"]))
    told = PresaleMoved(
        presale_id=view.presale_id,
        retailer_id=view.retailer_id,
        kind=view.kind,
        state=view.state,
        moved_at=now,
        order_reference=view.order_reference,
        value_minor=view.value_minor,
        currency=view.currency,
    )
    details = {"state": view.state, "presale_id": str(view.presale_id)}
    if view.order_reference:
        details["order_reference"] = view.order_reference
    # Each step is an entry of its own, under an id that the step alone has.
    entry = Entry(Party("retailer", view.retailer_id), uuid7(), view.kind, now, details)
    await add_entries(conn, [entry])
    await outbox.append(conn, [told])
    after = view.model_dump(mode="json", exclude={"steps", "subject"})
    await audit.record(conn, principal, view.state, "presale", str(view.presale_id), after=after, reason=note)
    return view


async def get_presale(conn: Connection, principal: Principal, presale_id: UUID) -> PresaleView:
    row = await queries.read(conn, presale_id)
    if row is None:
        raise not_found("presale", presale_id)
    await seen(conn, principal, row["retailer_id"])
    return PresaleView(**row)


async def conversions(conn: Connection, period: Period) -> list[ConversionView]:
    """Count what came of all that was opened in a period."""
    return [
        ConversionView(**row, conversion_rate=conversion_rate(row["opened"], row["converted"]))
        for row in await queries.conversions(conn, period.since, period.until)
    ]
