"""Gathers what a plan rests on: window, products, demand, stock, what is on the way, caps and money."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from humidor_common.clock import local_date
from humidor_common.db.pool import Connection
from humidor_common.web.problems import Problem, invalid
from humidor_customers.catalogue.queries import load_products
from humidor_customers.catalogue.rules import Product
from humidor_customers.cycles.queries import windows_around
from humidor_customers.cycles.schemas import CustomerWindow
from humidor_customers.orders import queries as orders
from humidor_customers.orders.checking import find_window, load_room
from humidor_customers.orders.rules import Room, Wanted
from humidor_customers.plans import queries
from humidor_customers.plans.rules import Demand, demand_of
from humidor_customers.plans.schemas import MOST_PRODUCTS, PlanInput
from humidor_customers.retailers.queries import Document
from humidor_customers.retailers.service import refuse_merged

_WEEK = 7


class Basis(NamedTuple):
    """What a plan rests on; by product where it says so, in sticks."""

    given: PlanInput
    cycle_id: UUID
    review_days: int
    lead_time_days: int
    products: Mapping[str, Product]
    left_out: Mapping[str, str]
    stock: Mapping[str, int]
    on_order: Mapping[str, int]
    demand: Mapping[str, Demand]
    segments: Mapping[str, str | None]
    room: Room
    budget_minor: int | None


async def gather(conn: Connection, given: PlanInput, retailer: Document, *, now: datetime) -> Basis:
    """Read it all; nothing is locked, for a plan binds nobody.

    Raises:
        Problem: 409 `retailer-merged`, `no-window`, `nothing-to-plan`; 422 naming an unknown product.
    """
    refuse_merged(retailer)
    around = await windows_around(conn, given.retailer_id, given.cycle_id, now=now)
    window = find_window(around, given.cycle_id)
    review_days = await _review_days(conn, window, given.retailer_id, now)
    history = await queries.requested(conn, given.retailer_id, window.cycle_id)
    cycles = await queries.past_cycles(conn, window.cycle_id)
    today = local_date(now, retailer["time_zone"])
    told = await queries.forecasts(conn, given.retailer_id, today)
    named = {*history, *told, *(each.gtin for each in given.stock)}
    known = await load_products(conn, named)
    stock = _stock(given, known)
    products = {gtin: known[gtin] for gtin in sorted(known) if known[gtin].refusal is None}
    if not products or len(products) > MOST_PRODUCTS:
        raise Problem(409, "nothing-to-plan", f"There are {len(products)} products to plan with.")
    own = {gtin: each.price_segment for gtin, each in products.items()}
    room, segments = await load_room(conn, given.retailer_id, window.cycle_id, own)
    return Basis(
        given=given,
        cycle_id=window.cycle_id,
        review_days=review_days,
        lead_time_days=max((window.delivery_on - today).days, 0),
        products=products,
        left_out={gtin: str(each.refusal) for gtin, each in sorted(known.items()) if each.refusal},
        stock=stock,
        on_order=await queries.on_order(conn, given.retailer_id),
        demand={
            gtin: demand_of(
                [history.get(gtin, {}).get(n, 0) for n in range(cycles)],
                review_days,
                told.get(gtin),
                product.sticks_per_carton,
            )
            for gtin, product in products.items()
        },
        segments=segments,
        room=room,
        budget_minor=await _budget(conn, given, retailer),
    )


def _stock(given: PlanInput, known: Mapping[str, Product]) -> dict[str, int]:
    for i, each in enumerate(given.stock):
        if each.gtin not in known:
            raise invalid(f"stock[{i}].gtin", "there is no such product")
    return {each.gtin: known[each.gtin].sticks(each.quantity, each.unit) for each in given.stock}


async def _review_days(conn: Connection, window: CustomerWindow, retailer_id: str, now: datetime) -> int:
    """Give the days until the customer may order again; a week where no later window is planned."""
    later = [
        each.closes_at
        for each in await windows_around(conn, retailer_id, None, now=now)
        if each.closes_at > window.closes_at
    ]
    return max((min(later) - window.closes_at).days, 1) if later else _WEEK


async def _budget(conn: Connection, given: PlanInput, retailer: Document) -> int | None:
    limit = retailer["credit_limit_minor"]
    left = None if limit is None else limit - await orders.exposure(conn, given.retailer_id)
    bounds = [each for each in (given.budget_minor, left) if each is not None]
    return max(min(bounds), 0) if bounds else None


def request_of(basis: Basis) -> dict[str, Any]:
    """Write what is asked of `inventory`, in cartons; a part of a carton in stock or under a cap is none."""
    items = []
    for gtin, product in basis.products.items():
        size, demand = product.sticks_per_carton, basis.demand[gtin]
        cap = basis.room.products.get(gtin)
        item = {
            "gtin": gtin,
            "on_hand": basis.stock.get(gtin, 0) // size,
            "on_order": basis.on_order.get(gtin, 0) // size,
            "demand": {
                "mean_per_day": demand.mean_per_day / size,
                "sd_per_day": demand.sd_per_day / size,
            },
            "unit_price_minor": product.price_minor_per_carton,
        }
        items.append(item | ({} if cap is None else {"supply_cap": max(cap, 0) // size}))
    return {
        "unit": "carton",
        "lead_time_days": basis.lead_time_days,
        "review_days": basis.review_days,
        "service": {"kind": "cycle", "target": basis.given.service_target},
        "budget_minor": basis.budget_minor,
        "items": items,
    }


def wanted(basis: Basis, cartons: Mapping[str, int]) -> list[Wanted]:
    """Write what a plan wants, in sticks, for the caps to cut."""
    return [
        Wanted(
            gtin,
            basis.segments[gtin],
            number * basis.products[gtin].sticks_per_carton,
            basis.products[gtin].sticks_per_carton,
        )
        for gtin, number in cartons.items()
    ]
