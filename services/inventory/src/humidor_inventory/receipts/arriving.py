"""Reads what came in: from a shipment with its differences or line by line, held against the order."""

from collections.abc import Sequence
from typing import Any

import msgspec

from humidor_common.db.pool import Connection
from humidor_common.web.problems import FieldError, Problem, invalid
from humidor_inventory.inputs import sticks_of
from humidor_inventory.orders.changing import read_lines
from humidor_inventory.orders.rules import OrderLine
from humidor_inventory.receipts import queries
from humidor_inventory.receipts.rules import Awaited, doubt, explain
from humidor_inventory.receipts.schemas import ReceiptInput, ReceiptLine, ReceivedLineView
from humidor_inventory.stock.rules import UNATTRIBUTED
from humidor_inventory.units.queries import load_factors
from humidor_inventory.units.rules import Factors, Unit, to_sticks


class Arrival(msgspec.Struct, kw_only=True):
    """What came in, in sticks, and what it answers; `fields` says where in the request each line stands.

    `order` and `shipment` are rows. `announced` is what the shipment was to bring of each (GTIN, lot).
    """

    order: Any = None
    prices: dict[str, tuple[int, str]]
    order_lines: list[OrderLine]
    shipment: Any = None
    announced: dict[tuple[str, str], int]
    given: list[ReceiptLine]
    fields: list[str]
    lines: list[ReceivedLineView]
    factors: dict[str, Factors]


async def read_arrival(conn: Connection, receipt: ReceiptInput) -> Arrival:
    """Read a receipt of a store that is locked.

    Raises:
        Problem: 422 for what there is not, 409 for a closed order or shipment, or an implausible quantity.
    """
    shipment: Any = None
    announced: list[Any] = []
    if receipt.shipment_id is not None:
        shipment, announced = await queries.load_shipment(conn, receipt.store_id, receipt.shipment_id)
        if receipt.purchase_order_id not in (None, shipment["purchase_order_id"]):
            raise invalid("purchase_order_id", "the shipment belongs to another order")
    order_id = shipment["purchase_order_id"] if shipment else receipt.purchase_order_id
    order = await queries.load_order(conn, receipt.store_id, order_id)
    rows = await read_lines(conn, order_id) if order_id else []
    given, fields = _given(receipt, announced)
    factors = await load_factors(conn, {line.gtin for line in given})
    arrival = Arrival(
        order=order,
        prices={row["gtin"]: (row["price_minor"], row["price_unit"]) for row in rows if row["price_unit"]},
        order_lines=[OrderLine(row["gtin"], row["ordered_sticks"], row["received_sticks"]) for row in rows],
        shipment=shipment,
        announced=_sums(announced),
        given=given,
        fields=fields,
        lines=_lines(given, fields, factors),
        factors=factors,
    )
    habits = await queries.load_habits(conn, receipt.store_id, factors)
    refuse_implausible(arrival, habits)
    return arrival


def _given(receipt: ReceiptInput, announced: Sequence[Any]) -> tuple[list[ReceiptLine], list[str]]:
    differences = {each.line: (n, each) for n, each in enumerate(receipt.differences)}
    given, fields = [], []
    for row in announced:
        n, other = differences.pop(row["line"], (None, None))
        quantity = other.quantity if other else row["quantity"]
        if quantity:
            given.append(
                ReceiptLine(
                    gtin=row["gtin"],
                    quantity=quantity,
                    unit=row["unit"],
                    lot=row["lot"],
                    production_date=row["production_date"],
                    expiry_date=row["expiry_date"],
                    damaged_quantity=other.damaged_quantity if other else 0,
                    confirm=bool(other and other.confirm),
                    codes=row["codes"],
                )
            )
            fields.append("shipment_id" if other is None else f"differences[{n}]")
    if differences:
        n, _ = next(iter(differences.values()))
        raise invalid(f"differences[{n}].line", "the shipment has no such line")
    given += receipt.lines
    fields += [f"lines[{n}]" for n in range(len(receipt.lines))]
    if not given:
        raise invalid("differences", "nothing came in")
    return given, fields


def _sums(announced: Sequence[Any]) -> dict[tuple[str, str], int]:
    sums: dict[tuple[str, str], int] = {}
    for row in announced:
        key = (row["gtin"], row["lot"] or UNATTRIBUTED)
        sums[key] = sums.get(key, 0) + row["quantity_sticks"]
    return sums


def _lines(
    given: Sequence[ReceiptLine], fields: Sequence[str], factors: dict[str, Factors]
) -> list[ReceivedLineView]:
    unknown = [
        FieldError(f"{field}.gtin", "there is no such product")
        for line, field in zip(given, fields, strict=True)
        if line.gtin not in factors
    ]
    if unknown:
        raise Problem(422, "invalid", f"{unknown[0].field}: {unknown[0].message}", errors=unknown[:50])
    return [
        ReceivedLineView(
            line=n,
            gtin=line.gtin,
            lot=line.lot or UNATTRIBUTED,
            quantity_sticks=sticks_of(line.quantity, line.unit, factors[line.gtin], f"{field}.quantity"),
            damaged_sticks=to_sticks(line.damaged_quantity, line.unit, factors[line.gtin]),
        )
        for n, (line, field) in enumerate(zip(given, fields, strict=True), 1)
    ]


def refuse_implausible(arrival: Arrival, habits: dict[str, int | None]) -> None:
    """Ask about quantities that are probably mistaken; lots of a product in one unit count together.

    Raises:
        Problem: 409 `implausible-quantity`, or `over-receipt` where the supplier may not deliver more.
    """
    groups: dict[tuple[str, Unit], list[int]] = {}
    for n, line in enumerate(arrival.given):
        groups.setdefault((line.gtin, line.unit), []).append(n)
    errors: list[FieldError] = []
    refused = False
    for (gtin, unit), members in groups.items():
        quantity = sum(arrival.given[n].quantity for n in members)
        suspicion = doubt(quantity, unit, arrival.factors[gtin], _awaited(arrival, gtin, members, habits))
        if suspicion is None:
            continue
        strict = suspicion.doubt != "far_from_usual" and arrival.order["over_receipt"] == "refuse"
        over = strict and quantity * getattr(arrival.factors[gtin], unit) > suspicion.limit
        if over or not any(arrival.given[n].confirm for n in members):
            refused |= over
            field = arrival.fields[members[0]]
            name = field if field == "shipment_id" else f"{field}.quantity"
            errors.append(FieldError(name, explain(suspicion, quantity, unit)))
    if errors:
        code = "over-receipt" if refused else "implausible-quantity"
        raise Problem(409, code, f"{errors[0].message}.", errors=errors[:50])


def _awaited(arrival: Arrival, gtin: str, members: Sequence[int], habits: dict[str, int | None]) -> Awaited:
    for line in arrival.order_lines:
        if line.gtin == gtin:
            others = sum(
                other.quantity_sticks
                for n, other in enumerate(arrival.lines)
                if other.gtin == gtin and n not in members
            )
            rest = max(line.outstanding - others, 0)
            return Awaited(rest=rest, most=rest + line.ordered * arrival.order["over_receipt_percent"] // 100)
    return Awaited(usual=habits.get(gtin))
