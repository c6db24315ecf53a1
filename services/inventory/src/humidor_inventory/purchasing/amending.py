"""Changes orders that the supplier has or shall have, and answers what suppliers propose."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec

from humidor_common.auth import Principal
from humidor_common.db.pool import Connection
from humidor_common.events.inventory import PurchaseOrderAmended, PurchaseOrderConfirmed
from humidor_common.messaging import outbox
from humidor_common.web.problems import Problem, invalid
from humidor_inventory.alerts.reporting import settle
from humidor_inventory.alerts.rules import AlertKind
from humidor_inventory.inputs import check_match, sticks_of
from humidor_inventory.orders.approvals import require_approval
from humidor_inventory.orders.changing import (
    change_order,
    next_state,
    note,
    ordered_lines,
    read_lines,
    read_order,
    set_quantities,
    shift_on_order,
)
from humidor_inventory.orders.placing import write_lines
from humidor_inventory.orders.pricing import OrderDraft, OrderLineDraft, price_orders
from humidor_inventory.purchasing.schemas import AmendmentInput, PurchaseOrderView
from humidor_inventory.purchasing.service import lock_own, notify, told
from humidor_inventory.replenishment.review import review
from humidor_inventory.stock.shelf import Shelf
from humidor_inventory.units.queries import load_factors

_PRICES = """
UPDATE purchase_order_lines l SET price_minor = (e->>1)::bigint
FROM jsonb_array_elements($2::jsonb) e
WHERE l.purchase_order_id = $1 AND l.gtin = e->>0 AND l.price_unit IS NOT NULL
"""


async def amend_order(
    conn: Connection,
    principal: Principal,
    purchase_order_id: UUID,
    given: AmendmentInput,
    *,
    if_match: str | None,
    now: datetime,
) -> PurchaseOrderView:
    """Change quantities, add products or move the day, before goods are under way.

    The agreed prices stay. An order that the supplier has may not come to more than the caller may approve.
    """
    order = await lock_own(conn, principal, purchase_order_id)
    check_match(if_match, order["version"])
    next_state(order, "amend")
    before = {line["gtin"]: line for line in await read_lines(conn, purchase_order_id)}
    wanted = await _quantities(conn, given, before)
    shelves = await set_quantities(
        conn, order, {gtin: sticks for gtin, sticks in wanted.items() if gtin in before}, requested=True
    )
    new = {gtin: sticks for gtin, sticks in wanted.items() if gtin not in before}
    shelves += await _add(conn, order, new, now)
    changes = {
        "lines": {
            gtin: [before[gtin]["ordered_sticks"] if gtin in before else 0, n] for gtin, n in wanted.items()
        },
        "expected_on": [order["expected_on"], given.expected_on] if given.expected_on else None,
    }
    by = (principal.subject, now)
    moved = {"expected_on": given.expected_on} if given.expected_on else {}
    cleared = {"promised_on": None, "confirmed_at": None, "proposal": None}
    await change_order(conn, order, "amend", by, **moved, **cleared, reason=given.reason, changes=changes)
    if order["awaited"]:
        after = await read_order(conn, purchase_order_id)
        if (after["value_minor"] or 0) > (order["value_minor"] or 0) or new:
            await require_approval(conn, principal, after)
        await _tell_amended(conn, after, (given.reason, principal.subject), now)
        await review(conn, [shelf for shelf in shelves if shelf.needs_review], now=now)
    return await told(conn, principal, "amend", purchase_order_id, given.reason)


async def accept_proposal(
    conn: Connection, principal: Principal, purchase_order_id: UUID, *, now: datetime
) -> PurchaseOrderView:
    """Take what the supplier would deliver instead; the order is confirmed with it."""
    order = await lock_own(conn, principal, purchase_order_id)
    proposal = _proposal(order)
    prices = [(x["gtin"], x["price_minor"]) for x in proposal["lines"] if x["price_minor"] is not None]
    await conn.execute(_PRICES, purchase_order_id, prices)
    quantities = {line["gtin"]: line["quantity_sticks"] for line in proposal["lines"]}
    shelves = await set_quantities(conn, order, quantities, requested=False)
    after = await read_order(conn, purchase_order_id)
    if (after["value_minor"] or 0) > (order["value_minor"] or 0):
        await require_approval(conn, principal, after)
    promised = proposal["promised_on"] and date.fromisoformat(proposal["promised_on"])
    reference = proposal["supplier_reference"]
    await confirm(conn, after, (principal.subject, now), promised_on=promised, reference=reference)
    await review(conn, [shelf for shelf in shelves if shelf.needs_review], now=now)
    body = {"purchase_order_id": str(purchase_order_id), "accepted": True}
    await notify(conn, order, "proposal-answered", body, now=now)
    return await told(conn, principal, "accept", purchase_order_id)


async def decline_proposal(
    conn: Connection, principal: Principal, purchase_order_id: UUID, reason: str, *, now: datetime
) -> PurchaseOrderView:
    """Insist on the order as it was placed."""
    order = await lock_own(conn, principal, purchase_order_id)
    _proposal(order)
    await conn.execute(
        "UPDATE purchase_orders SET proposal = NULL, version = version + 1 WHERE purchase_order_id = $1",
        purchase_order_id,
    )
    by = (principal.subject, now)
    await note(conn, purchase_order_id, ("decline", order["state"]), by, reason=reason)
    body = {"purchase_order_id": str(purchase_order_id), "accepted": False, "reason": reason}
    await notify(conn, order, "proposal-answered", body, now=now)
    return await told(conn, principal, "decline", purchase_order_id, reason)


async def confirm(
    conn: Connection,
    order: Any,
    by: tuple[str, datetime],
    *,
    promised_on: date | None,
    reference: str | None,
) -> None:
    """Take the order as confirmed with the lines that it has now; a later promise ends an alert."""
    await change_order(
        conn,
        order,
        "confirm",
        by,
        promised_on=promised_on,
        supplier_reference=reference,
        confirmed_at=by[1],
        proposal=None,
    )
    lines = await read_lines(conn, order["purchase_order_id"])
    event = PurchaseOrderConfirmed(
        purchase_order_id=order["purchase_order_id"],
        store_id=order["store_id"],
        supplier_id=order["supplier_id"],
        lines=ordered_lines(lines),
        promised_on=promised_on.isoformat() if promised_on else None,
        supplier_reference=reference,
        confirmed_at=by[1],
    )
    await _settle_late(conn, order, by[1])
    await outbox.append(conn, [event])


async def _quantities(conn: Connection, given: AmendmentInput, before: Mapping[str, Any]) -> dict[str, int]:
    factors = await load_factors(conn, {line.gtin for line in given.lines})
    wanted = {}
    for n, line in enumerate(given.lines):
        if line.gtin not in factors:
            raise invalid(f"lines[{n}].gtin", "there is no such product")
        sticks = sticks_of(line.quantity, line.unit, factors[line.gtin], f"lines[{n}].quantity")
        if line.gtin not in before and not sticks:
            raise invalid(f"lines[{n}].quantity", "a new line orders something")
        if line.gtin in before and sticks < before[line.gtin]["received_sticks"]:
            raise invalid(f"lines[{n}].quantity", "is less than has come in")
        wanted[line.gtin] = sticks
    left = {gtin: line["ordered_sticks"] for gtin, line in before.items()} | wanted
    if not any(left.values()):
        raise invalid("lines", "nothing would be left; cancel the order instead")
    return wanted


async def _add(conn: Connection, order: Any, new: Mapping[str, int], now: datetime) -> list[Shelf]:
    if not new:
        return []
    lines = [OrderLineDraft(gtin=gtin, quantity_sticks=sticks) for gtin, sticks in new.items()]
    draft = OrderDraft(store_id=order["store_id"], supplier_id=order["supplier_id"], lines=lines)
    (priced,) = await price_orders(conn, [draft], now=now)
    if priced.currency is not None and order["currency"] not in (None, priced.currency):
        raise invalid("lines", "an order has prices of one currency")
    await write_lines(conn, [(order["purchase_order_id"], line) for line in priced.lines])
    await set_quantities(conn, {**order, "awaited": False}, new, requested=True)
    return await shift_on_order(conn, order["store_id"], new) if order["awaited"] else []


def _proposal(order: Any) -> Any:
    if order["proposal"] is None:
        raise Problem(409, "no-proposal", "The supplier has proposed nothing, or it was answered.")
    return order["proposal"]


async def _tell_amended(conn: Connection, order: Any, why: tuple[str, str], now: datetime) -> None:
    event = PurchaseOrderAmended(
        purchase_order_id=order["purchase_order_id"],
        store_id=order["store_id"],
        supplier_id=order["supplier_id"],
        lines=ordered_lines(await read_lines(conn, order["purchase_order_id"])),
        expected_on=order["expected_on"].isoformat() if order["expected_on"] else None,
        reason=why[0],
        amended_at=now,
        amended_by=why[1],
    )
    await _settle_late(conn, order, now)
    await outbox.append(conn, [event])
    await notify(conn, order, "amended", msgspec.to_builtins(event), now=now)


async def _settle_late(conn: Connection, order: Any, now: datetime) -> None:
    """End the alert of an order with another day; where that is over too, the sweep opens it again."""
    late = (AlertKind.LATE_DELIVERY, order["store_id"], str(order["purchase_order_id"]))
    await settle(conn, [late], reason="another day was agreed", now=now)
