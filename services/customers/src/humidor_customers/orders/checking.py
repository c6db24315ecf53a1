"""What must hold before an order stands: window, licence, products, caps and credit."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from humidor_common.clock import local_date
from humidor_common.db.pool import Connection
from humidor_common.web.problems import FieldError, Problem
from humidor_customers.allocation import caps
from humidor_customers.allocation.caps import NO_CAPS, Caps
from humidor_customers.catalogue.queries import load_products
from humidor_customers.catalogue.rules import Product
from humidor_customers.cycles.schemas import CustomerWindow
from humidor_customers.orders import queries
from humidor_customers.orders.rules import Room, Used, Wanted, allow, value_minor
from humidor_customers.orders.schemas import CutView, LineInput, LineView, OrderView
from humidor_customers.retailers.queries import Document
from humidor_customers.retailers.rules import licence_state


class Need(NamedTuple):
    """What an order is about: a customer, a cycle (None: whichever is open, else the next), products."""

    retailer_id: str
    cycle_id: UUID | None
    gtins: Collection[str]


class Around(NamedTuple):
    """What an order of a customer is checked against; under the customer's lock it stays as it is.

    Caps and what is used are those of the cycle in which the order would stand.
    """

    retailer: Document
    owed_minor: int
    windows: Sequence[CustomerWindow]
    products: Mapping[str, Product]
    caps: Caps
    used: Sequence[Used]


async def load_around(conn: Connection, needs: Sequence[Need], *, now: datetime) -> dict[str, Around]:
    """Read what orders of different customers are checked against, all of them together.

    A customer who is not known is left out.
    """
    if not needs:
        return {}
    buyers = await queries.buyers(conn, [(each.retailer_id, each.cycle_id) for each in needs], now=now)
    gtins = sorted({gtin for each in needs for gtin in each.gtins})
    products = await load_products(conn, gtins)
    cycles = {
        each.retailer_id: window.cycle_id
        for each in needs
        if each.retailer_id in buyers
        and (window := _best(buyers[each.retailer_id].windows, named=each.cycle_id is not None))
    }
    capped = {}
    for cycle_id in sorted(set(cycles.values())):
        own = {each.retailer_id: each.gtins for each in needs if cycles.get(each.retailer_id) == cycle_id}
        capped[cycle_id] = await caps.caps_of(conn, cycle_id, list(own), gtins=own)
    used = await queries.used(conn, cycles.items()) if cycles else {}
    return {
        name: Around(
            *buyer,
            products,
            capped[cycles[name]] if name in cycles else NO_CAPS,
            used.get((name, cycles[name]), ()) if name in cycles else (),
        )
        for name, buyer in buyers.items()
    }


def find_window(windows: Sequence[CustomerWindow], cycle_id: UUID | None) -> CustomerWindow:
    """Find the window of a customer in a cycle; without one that is open, else the next.

    Args:
        windows: The customer's, in that cycle or around now, in the order in which they close.
        cycle_id: The cycle that was named, if one was.

    Raises:
        Problem: 409 `no-window`.
    """
    found = _best(windows, named=cycle_id is not None)
    if found is None:
        raise Problem(409, "no-window", "The customer has no window for orders, now or planned.")
    return found


def _best(windows: Sequence[CustomerWindow], *, named: bool) -> CustomerWindow | None:
    wanted = ("open", "upcoming", "closed") if named else ("open", "upcoming")
    return next((each for state in wanted for each in windows if each.state == state), None)


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


def check_credit(around: Around, order: OrderView) -> None:
    """Refuse what the customer's credit does not bear beside its other unpaid orders.

    Raises:
        Problem: 409 `credit-exceeded`, `other-currency`.
    """
    limit, currency = around.retailer["credit_limit_minor"], around.retailer["currency"]
    if limit is None:
        return
    if currency != order.currency:
        raise Problem(409, "other-currency", f"The credit is in {currency}, not {order.currency}.")
    left = limit - around.owed_minor
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


def price(around: Around, lines: Sequence[LineInput]) -> Priced:
    """Price what is wanted and cut it to the caps.

    Raises:
        Problem: 422 naming every product that cannot be ordered.
    """
    products = around.products
    _refuse(lines, products)
    own = {line.gtin: products[line.gtin].price_segment for line in lines}
    room, segments = find_room(around.retailer["retailer_id"], own, around.caps, around.used)
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
    currencies = {products[line.gtin].currency for line in lines if line.gtin in products}
    if not errors and len(currencies) > 1:
        errors.append(FieldError("lines", "the products are priced in several currencies"))
    if errors:
        raise Problem(422, "invalid", f"{errors[0].field}: {errors[0].message}", errors=errors[:50])


async def load_room(
    conn: Connection, retailer_id: str, cycle_id: UUID, own_segments: Mapping[str, str | None]
) -> tuple[Room, dict[str, str | None]]:
    """Read what a customer may still order in a cycle of some products, as `find_room` says."""
    allowed_by = await caps.caps_of(conn, cycle_id, [retailer_id], gtins=list(own_segments))
    used = await queries.used(conn, [(retailer_id, cycle_id)])
    return find_room(retailer_id, own_segments, allowed_by, used.get((retailer_id, cycle_id), ()))


def find_room(
    retailer_id: str, own_segments: Mapping[str, str | None], allowed_by: Caps, used: Iterable[Used]
) -> tuple[Room, dict[str, str | None]]:
    """Take from the caps of products what the customer's other orders of the cycle have used.

    Gives the segment of each product too: the strategy's, else the product's own.
    """
    segment_of = {gtin: allowed_by.segment_of.get(gtin, own) for gtin, own in own_segments.items()}
    products = {gtin: allowed_by.of_product(retailer_id, gtin) for gtin in own_segments}
    named = {segment for segment in segment_of.values() if segment is not None}
    segments = {segment: allowed_by.of_segment(retailer_id, segment) for segment in named}
    by_product: dict[str, int] = defaultdict(int)
    by_segment: dict[str | None, int] = defaultdict(int)
    for each in used:
        by_product[each.gtin] += each.sticks
        by_segment[each.segment] += each.sticks
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
