"""What suppliers' systems do with their orders: confirm, refuse and ship."""

import hashlib
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from humidor_common import audit
from humidor_common.db.pool import Connection
from humidor_common.events.inventory import ShipmentAnnounced, ShippedLine
from humidor_common.ids import uuid7
from humidor_common.messaging import outbox
from humidor_common.web.problems import Problem, invalid, not_found
from humidor_inventory.inputs import sticks_of
from humidor_inventory.orders.changing import (
    change_order,
    give_up,
    lock_order,
    next_state,
    note,
    read_lines,
)
from humidor_inventory.purchasing import lists
from humidor_inventory.purchasing.amending import confirm
from humidor_inventory.purchasing.schemas import PurchaseOrderView
from humidor_inventory.purchasing.service import close_order
from humidor_inventory.replenishment.review import review
from humidor_inventory.supplier_portal import shipments
from humidor_inventory.supplier_portal.dependencies import Caller
from humidor_inventory.supplier_portal.rules import agrees
from humidor_inventory.supplier_portal.schemas import ConfirmationInput, ShipmentInput, ShipmentView
from humidor_inventory.units.queries import load_factors


async def confirm_order(
    conn: Connection, caller: Caller, purchase_order_id: UUID, given: ConfirmationInput, *, now: datetime
) -> PurchaseOrderView:
    """Confirm an order as it is, or propose other quantities, prices or a later day to the buyer."""
    order = await _lock(conn, caller, purchase_order_id)
    next_state(order, "confirm")
    lines = {line["gtin"]: line for line in await read_lines(conn, purchase_order_id)}
    confirmed = await _confirmed(conn, given, lines)
    prices = {each.gtin: each.price_minor for each in given.lines}
    differ = any(p is not None and p != lines[gtin]["price_minor"] for gtin, p in prices.items())
    by = (caller.principal.subject, now)
    ordered = {gtin: line["ordered_sticks"] for gtin, line in lines.items()}
    if agrees(ordered, confirmed, (order["expected_on"], given.promised_on), prices_differ=differ):
        promised, reference = given.promised_on or order["expected_on"], given.supplier_reference
        known = (order["state"], order["promised_on"], order["supplier_reference"], order["proposal"])
        if known == ("confirmed", promised, reference, None):
            return await lists.get_purchase_order(conn, purchase_order_id)
        await confirm(conn, order, by, promised_on=promised, reference=reference)
    else:
        proposal = {
            "promised_on": given.promised_on,
            "supplier_reference": given.supplier_reference,
            "lines": [
                {"gtin": gtin, "quantity_sticks": n, "price_minor": prices[gtin]}
                for gtin, n in sorted(confirmed.items())
            ],
            "proposed_at": now,
        }
        await conn.execute(
            "UPDATE purchase_orders SET proposal = $2, version = version + 1 WHERE purchase_order_id = $1",
            purchase_order_id,
            proposal,
        )
        await note(conn, purchase_order_id, ("propose", order["state"]), by, changes=proposal)
    return await _told(conn, caller, "confirm", purchase_order_id)


async def refuse_order(
    conn: Connection, caller: Caller, purchase_order_id: UUID, reason: str, *, now: datetime
) -> PurchaseOrderView:
    """Refuse an order; what is lacking is suggested anew."""
    order = await _lock(conn, caller, purchase_order_id)
    by = (caller.principal.subject, now)
    state = await change_order(conn, order, "refuse", by, reason=reason)
    shelves = await give_up(conn, order)
    await review(conn, [shelf for shelf in shelves if shelf.needs_review], now=now)
    await close_order(conn, order, state, now=now)
    return await _told(conn, caller, "refuse", purchase_order_id, reason)


async def announce_shipment(
    conn: Connection, caller: Caller, asn_number: str, given: ShipmentInput, *, now: datetime
) -> ShipmentView:
    """Announce goods of an order under the supplier's own number; the same again changes nothing.

    Raises:
        Problem: 409 `asn-number-used` for another content under the number, 422 for what is not on the order.
    """
    order = await _lock(conn, caller, given.purchase_order_id)
    digest = hashlib.sha256(given.model_dump_json().encode()).digest()
    known = await shipments.find(conn, caller.supplier_id, asn_number)
    if known is not None:
        if known["digest"] != digest:
            raise Problem(409, "asn-number-used", "This number came with another shipment.")
        return await shipments.get_shipment(conn, known["shipment_id"])
    next_state(order, "ship")
    ordered = {line["gtin"] for line in await read_lines(conn, given.purchase_order_id)}
    factors = await load_factors(conn, ordered)
    lines = []
    for n, line in enumerate(given.lines):
        if line.gtin not in ordered:
            raise invalid(f"lines[{n}].gtin", "is not on the order")
        lines.append(sticks_of(line.quantity, line.unit, factors[line.gtin], f"lines[{n}].quantity"))
    shipment_id = uuid7()
    await shipments.store(
        conn, (shipment_id, caller, order["store_id"], digest), (asn_number, given), lines, now
    )
    by = (caller.principal.subject, now)
    shipped = order["shipped_at"] or given.shipped_at
    await change_order(conn, order, "ship", by, shipped_at=shipped, changes={"asn_number": asn_number})
    view = await shipments.get_shipment(conn, shipment_id)
    await outbox.append(conn, [_announced(view)])
    document = view.model_dump(mode="json")
    await audit.record(conn, caller.principal, "announce", "shipment", str(shipment_id), after=document)
    return view


async def get_order(conn: Connection, caller: Caller, purchase_order_id: UUID) -> PurchaseOrderView:
    """Read an order of the supplier that was placed; drafts are nobody's business."""
    view = await lists.get_purchase_order(conn, purchase_order_id)
    if view.supplier_id != caller.supplier_id or view.placed_at is None:
        raise not_found("purchase order", purchase_order_id)
    return view


async def _lock(conn: Connection, caller: Caller, purchase_order_id: UUID) -> Any:
    return await lock_order(
        conn,
        purchase_order_id,
        lambda row: row["supplier_id"] == caller.supplier_id and row["placed_at"] is not None,
    )


async def _confirmed(conn: Connection, given: ConfirmationInput, lines: Mapping[str, Any]) -> dict[str, int]:
    factors = await load_factors(conn, lines)
    confirmed = {}
    for n, line in enumerate(given.lines):
        if line.gtin not in lines:
            raise invalid(f"lines[{n}].gtin", "is not on the order")
        if line.price_minor is not None and lines[line.gtin]["price_unit"] is None:
            raise invalid(f"lines[{n}].price_minor", "no price was agreed for this line")
        field = f"lines[{n}].quantity"
        confirmed[line.gtin] = sticks_of(line.quantity, line.unit, factors[line.gtin], field)
    left = {gtin: line["ordered_sticks"] for gtin, line in lines.items()} | confirmed
    if not any(left.values()):
        raise invalid("lines", "nothing would be delivered; refuse the order instead")
    return confirmed


async def _told(
    conn: Connection, caller: Caller, action: str, purchase_order_id: UUID, reason: str | None = None
) -> PurchaseOrderView:
    view = await lists.get_purchase_order(conn, purchase_order_id)
    document, identity = view.model_dump(mode="json"), str(purchase_order_id)
    await audit.record(
        conn, caller.principal, action, "purchase_order", identity, after=document, reason=reason
    )
    return view


def _announced(view: ShipmentView) -> ShipmentAnnounced:
    return ShipmentAnnounced(
        shipment_id=view.shipment_id,
        asn_number=view.asn_number,
        purchase_order_id=view.purchase_order_id,
        store_id=view.store_id,
        supplier_id=view.supplier_id,
        lines=[
            ShippedLine(
                gtin=line.gtin,
                lot=line.lot,
                quantity_sticks=line.quantity_sticks,
                production_date=_iso(line.production_date),
                expiry_date=_iso(line.expiry_date),
            )
            for line in view.lines
        ],
        shipped_at=view.shipped_at,
        expected_on=_iso(view.expected_on),
        announced_at=view.announced_at,
    )


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
