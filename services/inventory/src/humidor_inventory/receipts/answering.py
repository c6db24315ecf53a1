"""Settles what a receipt answers: the order, its discrepancies, the shipment, the supplier's measures."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from humidor_common.db.pool import Connection
from humidor_common.messaging import outbox
from humidor_inventory.alerts.reporting import settle
from humidor_inventory.alerts.rules import AlertKind
from humidor_inventory.discrepancies.recording import Found, counted, record_discrepancies
from humidor_inventory.orders.changing import change_order, closed_event, read_lines
from humidor_inventory.orders.rules import Action, OrderLine, order_state, receive
from humidor_inventory.receipts.arriving import Arrival
from humidor_inventory.receipts.schemas import Difference, ReceiptView
from humidor_inventory.scorecards.measuring import count, record_closing, record_receipt
from humidor_inventory.scorecards.rules import Counts
from humidor_inventory.stock.shelf import Shelves

_RECEIVED = """
UPDATE purchase_order_lines l SET received_sticks = (e->>1)::bigint
FROM jsonb_array_elements($2::jsonb) e WHERE l.purchase_order_id = $1 AND l.gtin = e->>0
"""
_SHORT = """
SELECT gtin, sum(expected - actual)::bigint FROM discrepancies
WHERE purchase_order_id = $1 AND kind = 'short' GROUP BY gtin
"""
_DAY = "SELECT ($2::timestamptz AT TIME ZONE time_zone)::date FROM stores WHERE store_id = $1"


def answer_order(
    arrival: Arrival, shelves: Shelves, *, close: bool
) -> tuple[str | None, list[Difference], list[Found]]:
    """Count the lines as received and take them off what is on order.

    Gives the order's state, how far each product is from what was ordered, and what is not as it should be.
    """
    if arrival.order is None:
        return None, [], []
    store_id = arrival.order["store_id"]
    by_gtin = {line.gtin: line for line in arrival.order_lines}
    before = {line.gtin: line.received for line in arrival.order_lines}
    for received in arrival.lines:
        ordered = by_gtin.setdefault(received.gtin, OrderLine(received.gtin, 0, 0))
        shelves[store_id, received.gtin].on_order -= receive(ordered, received.quantity_sticks)
    found = [*_amounts(by_gtin, before), *_qualities(arrival), *_missing(arrival)]
    if close:
        for line in arrival.order_lines:
            shelves[store_id, line.gtin].on_order -= line.outstanding
    differences = [
        Difference(
            gtin=line.gtin,
            ordered_sticks=line.ordered,
            received_sticks=line.received,
            difference_sticks=line.received - line.ordered,
        )
        for line in by_gtin.values()
        if line.received != line.ordered
    ]
    return order_state(arrival.order_lines, close=close), differences, found


def _amounts(by_gtin: dict[str, OrderLine], before: dict[str, int]) -> list[Found]:
    found = []
    for gtin, line in by_gtin.items():
        if gtin not in before:
            found.append(Found(kind="wrong_product", gtin=gtin, expected=0, actual=line.received))
        elif line.received > max(line.ordered, before[gtin]):
            expected = max(line.ordered - before[gtin], 0)
            found.append(
                Found(kind="over", gtin=gtin, expected=expected, actual=line.received - before[gtin])
            )
    return found


def _qualities(arrival: Arrival) -> list[Found]:
    found = []
    for given, line in zip(arrival.given, arrival.lines, strict=True):
        if line.damaged_sticks:
            sound = line.quantity_sticks - line.damaged_sticks
            found.append(
                Found(
                    kind="damaged", gtin=line.gtin, lot=line.lot, expected=line.quantity_sticks, actual=sound
                )
            )
        agreed = arrival.prices.get(line.gtin)
        if given.price_minor is not None and agreed is not None:
            factors = arrival.factors[line.gtin]
            size, own = getattr(factors, agreed[1]), getattr(factors, given.unit)
            if given.price_minor * size != agreed[0] * own:
                asked = round(given.price_minor * size / own)
                found.append(Found(kind="price", gtin=line.gtin, expected=agreed[0], actual=asked))
    return found


def _missing(arrival: Arrival) -> list[Found]:
    came: dict[tuple[str, str], int] = {}
    for line in arrival.lines:
        came[line.gtin, line.lot] = came.get((line.gtin, line.lot), 0) + line.quantity_sticks
    return [
        Found(kind="short", gtin=gtin, lot=lot or None, expected=sticks, actual=came.get((gtin, lot), 0))
        for (gtin, lot), sticks in arrival.announced.items()
        if came.get((gtin, lot), 0) < sticks
    ]


async def settle_order(conn: Connection, arrival: Arrival, view: ReceiptView, found: Sequence[Found]) -> None:
    """Write what the receipt came to for its order; the receipt itself is written."""
    order, now, by = arrival.order, view.received_at, (view.received_by, view.received_at)
    order_id = order["purchase_order_id"]
    received = [(line.gtin, line.received) for line in arrival.order_lines]
    await conn.execute(_RECEIVED, order_id, received)
    action: Action = "close" if view.purchase_order_state == "received" else "receive"
    await change_order(
        conn,
        order,
        action,
        by,
        first_received_at=order["first_received_at"] or now,
        last_received_at=now,
        changes={"receipt_id": view.receipt_id},
    )
    if arrival.shipment is not None:
        await conn.execute(
            "UPDATE shipments SET state = 'received', receipt_id = $2 WHERE shipment_id = $1",
            arrival.shipment["shipment_id"],
            view.receipt_id,
        )
    if action == "close":
        found = [*found, *await _never_came(conn, arrival, found)]
    await record_discrepancies(conn, order, view.receipt_id, found, by=by)
    await _measure(conn, order, view, found)
    if action == "close":
        await _close(conn, order, now)


async def _never_came(conn: Connection, arrival: Arrival, found: Sequence[Found]) -> list[Found]:
    """Find what the closed order lacks beyond what was noted as missing from its shipments."""
    rows = await conn.fetch(_SHORT, arrival.order["purchase_order_id"])
    noted: dict[str, int] = {row[0]: row[1] for row in rows}
    for each in found:
        if each.kind == "short":
            noted[each.gtin] = noted.get(each.gtin, 0) + each.size
    return [
        Found(
            kind="short",
            gtin=line.gtin,
            expected=line.ordered - noted.get(line.gtin, 0),
            actual=line.received,
            note="the order was closed short",
        )
        for line in arrival.order_lines
        if line.outstanding > noted.get(line.gtin, 0)
    ]


async def _measure(conn: Connection, order: Any, view: ReceiptView, found: Sequence[Found]) -> None:
    if order["supplier_id"] is None:
        return
    sums = counted(found)
    counts = Counts(
        receipts=1,
        received_sticks=sum(line.quantity_sticks for line in view.lines),
        **{name: value for name in Counts.__struct_fields__ if (value := getattr(sums, name))},
    )
    await count(conn, order["supplier_id"], order["store_id"], counts, view.received_at)
    await record_receipt(conn, order, view.received_at)


async def _close(conn: Connection, order: Any, now: datetime) -> None:
    lines = await read_lines(conn, order["purchase_order_id"])
    day: date = await conn.fetchval(_DAY, order["store_id"], now)
    await record_closing(conn, order, lines, last=(now, day), now=now)
    late = (AlertKind.LATE_DELIVERY, order["store_id"], str(order["purchase_order_id"]))
    await settle(conn, [late], reason="the goods have come", now=now)
    await outbox.append(conn, [closed_event(order, "received", lines, now)])
