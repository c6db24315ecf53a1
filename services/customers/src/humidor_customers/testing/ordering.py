"""For tests: products with their terms, and a cycle whose window is open."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from humidor_common.db.transaction import transaction
from humidor_common.events import Event
from humidor_common.events.inventory import ProductChanged
from humidor_common.ids import uuid7
from humidor_common.messaging import inbox
from humidor_common.messaging.subscription import Received, Subscription
from humidor_customers.catalogue.consumers import SUBSCRIPTION as PRODUCTS
from humidor_customers.testing.desk import NOON, Desk

WAREHOUSE = "S0004"
GROUP = {
    "name": "Every day",
    "supply_store_id": WAREHOUSE,
    "order_weekday": 1,
    "opens_days_before": 2,
    "opens_at_time": "19:00",
    "closes_days_before": 1,
    "closes_at_time": "16:00",
}


def gtin(number: int) -> str:
    return f"0690{number:010d}"


def product(number: int, *, version: int = 1, **changes: Any) -> ProductChanged:
    values: dict[str, Any] = {
        "gtin": gtin(number),
        "name": f"Harbour {number}",
        "brand": "Harbour",
        "status": "active",
        "sticks_per_pack": 20,
        "packs_per_carton": 10,
        "cartons_per_case": 50,
        "version": version,
        "changed_at": NOON,
        "price_class": "class-2",
    }
    return ProductChanged(**(values | changes))


async def tell(desk: Desk, subscription: Subscription, *events: Event) -> None:
    """Give events to a consumer as one batch of new messages."""
    batch = [
        Received(event=each, event_id=uuid7(), source="/humidor/inventory", time=NOON, traceparent=None)
        for each in events
    ]
    async with transaction(desk.runtime.pool) as conn:
        await inbox.apply_batch(conn, subscription, batch)


async def offer(desk: Desk, *numbers: int, price: int = 10_000, segment: str | None = "mid") -> None:
    """Make products known and offer them at a price for a carton of 200 sticks."""
    await tell(desk, PRODUCTS, *(product(number) for number in numbers))
    body = {"wholesale_minor_per_carton": price, "currency": "CNY", "price_segment": segment}
    for number in numbers:
        await desk.ask("PUT", f"/v1/catalogue/{gtin(number)}/offer", json=body, expect=201)


async def open_cycle(desk: Desk, retailer_ids: Sequence[str], **group: Any) -> UUID:
    """Put customers into a group whose window of the only cycle is open for an hour from now."""
    await desk.ask("PUT", "/v1/order-groups/G1", json=GROUP | group, expect=201)
    await desk.ask("POST", "/v1/order-groups/G1:assign", json={"retailer_ids": list(retailer_ids)})
    now = datetime.now(UTC)
    body = {
        "code": "W1",
        "starts_on": now.date().isoformat(),
        "ends_on": (now + timedelta(days=6)).date().isoformat(),
    }
    cycle_id = UUID((await desk.ask("POST", "/v1/order-cycles", json=body, expect=201))["cycle_id"])
    await move_window(desk, cycle_id, opens=-60, closes=60)
    return cycle_id


async def move_window(desk: Desk, cycle_id: UUID, *, opens: float, closes: float) -> None:
    """Let the window open and close so many minutes from now."""
    now = datetime.now(UTC)
    body = {
        "opens_at": (now + timedelta(minutes=opens)).isoformat(),
        "closes_at": (now + timedelta(minutes=closes)).isoformat(),
        "delivery_on": (now + timedelta(days=2)).date().isoformat(),
        "reason": "a test",
    }
    await desk.ask("PUT", f"/v1/order-cycles/{cycle_id}/windows/G1", json=body)
