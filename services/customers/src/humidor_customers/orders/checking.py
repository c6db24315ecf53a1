"""What must hold before an order stands: window, licence, products, caps and credit."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from humidor_common.clock import local_date
from humidor_common.db.pool import Connection
from humidor_common.web.problems import FieldError, Problem
from humidor_customers.allocation import caps
from humidor_customers.catalogue.queries import load_products
from humidor_customers.catalogue.rules import Product
from humidor_customers.cycles.queries import windows_around
from humidor_customers.cycles.schemas import CustomerWindow
from humidor_customers.orders import queries
from humidor_customers.orders.rules import Room, Wanted, allow, value_minor
from humidor_customers.orders.schemas import CutView, LineInput, LineView, OrderView
from humidor_customers.retailers.queries import Document
from humidor_customers.retailers.rules import licence_state


class Place(NamedTuple):
    """Whose order it is, and in which cycle: what caps and windows go by."""

    retailer_id: str
    cycle_id: UUID
    order_id: UUID


async def find_window(
    conn: Connection, retailer_id: str, cycle_id: UUID | None, *, now: datetime
) -> CustomerWindow:
    """Find the window of a customer in a cycle; without one that is open, else the next.

    Raises:
        Problem: 409 `no-window`.
    """
    found = await windows_around(conn, retailer_id, cycle_id, now=now)
    for state in ("open", "upcoming", "closed") if cycle_id else ("open", "upcoming"):
        for window in found:
            if window.state == state:
                return window
    raise Problem(409, "no-window", "The customer has no window for orders, now or planned.")


def check_window(window: CustomerWindow) -> None:
    """Refuse an order outside its window; one confirmed in time stands, whenever the warehouse answers.

    Raises:
        Problem: 409 `window-closed`.
    """
    if window.state != "open":
        times = f"{window.opens_at.isoformat()} to {window.closes_at.isoformat()}"
        raise Problem(409, "window-closed", f"Orders of {window.code} are taken from {times}.")


def check_licence(retailer: Document, window: CustomerWindow, now: datetime) -> None:
    """Refuse a customer who may not be supplied today or on the day of delivery.

    Raises:
        Problem: 409 `customer-not-active`, `licence-not-valid`.
    """
    if retailer["state"] != "active":
        raise Problem(409, "customer-not-active", f"The customer is {retailer['state']}.")
    today = local_date(now, retailer["time_zone"])
    for day in (today, max(today, window.delivery_on)):
        state = licence_of(retailer, day)
        if state != "active":
            raise Problem(409, "licence-not-valid", f"The licence is {state} on {day.isoformat()}.")


def licence_of(retailer: Document, day: object) -> str:
    dates = (retailer["licence_valid_from"], retailer["licence_valid_until"])
    return licence_state(retailer["licence_status"], *dates, day)  # type: ignore[arg-type]


async def check_credit(conn: Connection, retailer: Document, order: OrderView) -> None:
    """Refuse what the customer's credit does not bear beside its other unpaid orders.

    Raises:
        Problem: 409 `credit-exceeded`, `other-currency`.
    """
    if retailer["credit_limit_minor"] is None:
        return
    if retailer["currency"] != order.currency:
        raise Problem(
            409, "other-currency", f"The credit is in {retailer['currency']}, not {order.currency}."
        )
    owed = await queries.exposure(conn, order.retailer_id, order.order_id)
    left = retailer["credit_limit_minor"] - owed
    if order.value_minor > left:
        detail = f"The order is worth {order.value_minor}, {max(left, 0)} of the credit are left."
        raise Problem(409, "credit-exceeded", detail)


class Priced(NamedTuple):
    """Lines as they may be ordered, and the one currency of their prices."""

    lines: list[LineView]
    currency: str

    @property
    def update(self) -> dict[str, object]:
        """What they make of an order."""
        return {**self._asdict(), "value_minor": worth(self.lines, "ordered_sticks")}


async def price(conn: Connection, place: Place, lines: Sequence[LineInput]) -> Priced:
    """Price what is wanted and cut it to the caps.

    Raises:
        Problem: 422 naming every product that cannot be ordered.
    """
    products = await load_products(conn, [line.gtin for line in lines])
    _refuse(lines, products)
    room, segments = await load_room(conn, place, {gtin: p.price_segment for gtin, p in products.items()})
    wanted = []
    for line in lines:
        product = products[line.gtin]
        requested = product.sticks(line.quantity, line.unit)
        wanted.append(Wanted(line.gtin, segments[line.gtin], requested, product.sticks(1, line.unit)))
    found = allow(wanted, room)
    views = [
        LineView(
            line=number,
            gtin=line.gtin,
            unit=line.unit,
            multiple_sticks=want.multiple,
            requested_sticks=want.requested,
            ordered_sticks=allowed.ordered,
            cuts=[CutView(limit=cut.limit, sticks=cut.sticks) for cut in allowed.cuts],
            price_segment=want.segment,
            minor_per_carton=products[line.gtin].price_minor_per_carton or 0,
            sticks_per_carton=products[line.gtin].sticks_per_carton,
        )
        for number, (line, want, allowed) in enumerate(zip(lines, wanted, found, strict=True), 1)
    ]
    return Priced(views, products[lines[0].gtin].currency or "")


def _refuse(lines: Sequence[LineInput], products: Mapping[str, Product]) -> None:
    errors = []
    for i, line in enumerate(lines):
        product = products.get(line.gtin)
        if why := "there is no such product" if product is None else product.refusal:
            errors.append(FieldError(f"lines[{i}].gtin", why))
    currencies = {product.currency for product in products.values()}
    if not errors and len(currencies) > 1:
        errors.append(FieldError("lines", "the products are priced in several currencies"))
    if errors:
        raise Problem(422, "invalid", f"{errors[0].field}: {errors[0].message}", errors=errors[:50])


async def load_room(
    conn: Connection, place: Place, own_segments: Mapping[str, str | None]
) -> tuple[Room, dict[str, str | None]]:
    """Take from the caps of products what the customer's other orders of the cycle have used.

    Gives the segment of each product too: the strategy's, else the product's own.
    """
    retailer_id = place.retailer_id
    allowed_by = await caps.caps_of(conn, place.cycle_id, [retailer_id], gtins=list(own_segments))
    segment_of = {gtin: allowed_by.segment_of.get(gtin, own) for gtin, own in own_segments.items()}
    products = {gtin: allowed_by.of_product(retailer_id, gtin) for gtin in own_segments}
    named = {segment for segment in segment_of.values() if segment is not None}
    segments = {segment: allowed_by.of_segment(retailer_id, segment) for segment in named}
    if all(cap is None for cap in (*products.values(), *segments.values())):
        return Room({}, {}), segment_of
    by_product: dict[str, int] = defaultdict(int)
    by_segment: dict[str | None, int] = defaultdict(int)
    for gtin, segment, sticks in await queries.used(conn, retailer_id, place.cycle_id, place.order_id):
        by_product[gtin] += sticks
        by_segment[segment] += sticks
    room = Room(
        {gtin: cap - by_product[gtin] for gtin, cap in products.items() if cap is not None},
        {segment: cap - by_segment[segment] for segment, cap in segments.items() if cap is not None},
    )
    return room, segment_of


def worth(lines: Sequence[LineView], column: str) -> int:
    """Add up the value of the lines by one of their quantities, in minor units."""
    return sum(
        value_minor(getattr(line, column) or 0, line.minor_per_carton, line.sticks_per_carton)
        for line in lines
    )
