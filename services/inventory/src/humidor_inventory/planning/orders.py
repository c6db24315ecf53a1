"""The last step of a plan: joint orders by store and supplier."""

from collections.abc import Collection, Sequence
from itertools import groupby

from humidor_inventory.planning.reference import ANY_DAY, Product, Terms
from humidor_inventory.planning.rules.joining import Cycle, Item, Joined, days_until_needed, join
from humidor_inventory.planning.terms import Line, Plan

_IN_ORDERS = ("order", "spare")


def join_lines(
    plan: Plan,
    lines: Sequence[Line],
    products: dict[str, Product],
    cycles: dict[str, Terms],
    limited: Collection[str] = (),
) -> list[Line]:
    """Join what is to be ordered, top up or postpone it; gives the lines that stay, in their order."""
    grouped = sorted(
        (line for line in lines if line.state in _IN_ORDERS),
        key=lambda line: (line.store_id, line.supplier_id or "", line.gtin),
    )
    for (_, supplier), group in groupby(grouped, key=lambda line: (line.store_id, line.supplier_id or "")):
        terms = cycles.get(supplier)
        cycle = terms.cycle if terms else ANY_DAY
        members = list(group)
        known = [products[line.gtin] for line in members]
        minor = _values(known, terms.currency if terms else None)
        items = [_item(*each, cycle, limited) for each in zip(members, minor, strict=True)]
        _apply(members, items, join(items, cycle, plan.day))
    return [line for line in lines if line.state != "spare"]


def _values(products: Sequence[Product], currency: str | None) -> list[float]:
    """What a stick of each adds to the minimum value; what is priced in another currency adds nothing.

    The minimum is in the supplier's currency or, where that is not said, in that of the first product.
    """
    wanted = currency or next((product.currency for product in products if product.currency), None)
    return [product.minor_per_stick if product.currency == wanted else 0.0 for product in products]


def _item(line: Line, minor_per_stick: float, cycle: Cycle, limited: Collection[str]) -> Item:
    daily = float(line.inputs["daily_sticks"] or 0.0)
    multiple = int(line.inputs["order_multiple_sticks"])
    order = line.order if line.state == "order" else 0
    room = 0
    if daily > 0 and line.gtin not in limited and (order or _covers_minimum(line)):
        ceiling = int(line.inputs["order_up_to_sticks"]) + int(daily * cycle.top_up_days)
        room = max(0, ceiling - line.available - line.transfer - order)
        if (cap := line.inputs.get("supply_cap_sticks")) is not None:
            room = min(room, cap - line.inputs["ordered_in_period_sticks"] - order)
    return Item(
        gtin=line.gtin,
        order=order,
        multiple=multiple,
        above=line.above,
        daily=daily,
        room=max(0, room // multiple * multiple),
        minor_per_stick=minor_per_stick,
    )


def _covers_minimum(line: Line) -> bool:
    """One multiple of a product that is only topped up is an order of it, so it is at least its minimum."""
    return int(line.inputs["minimum_order_sticks"]) <= int(line.inputs["order_multiple_sticks"])


def _apply(lines: Sequence[Line], items: Sequence[Item], joined: Joined) -> None:
    for line, item in zip(lines, items, strict=True):
        if joined.postponed and item.order:
            line.state, line.order = "postponed", 0
            until = joined.until.isoformat() if joined.until else None
            line.reasons.append({"code": joined.postponed, "until": until, "postponed_sticks": item.order})
        elif added := joined.added.get(line.gtin, 0):
            line.state, line.order = "order", joined.quantities[line.gtin]
            days = round(days_until_needed(item, item.order), 2)
            line.reasons.append({"code": "topped_up", "added_sticks": added, "days_until_needed": days})
