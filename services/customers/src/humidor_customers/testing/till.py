"""For tests: what tills tell of sales, and profiles that are computed when a test says so."""

from datetime import datetime
from uuid import UUID

from humidor_common.clock import utc_now
from humidor_common.events import Event
from humidor_common.events.pos import Payment, SaleLine, SaleRecorded, SaleReturned, SaleVoided, Unit
from humidor_customers.profiles.keeping import refresh
from humidor_customers.purchases.consumers import SUBSCRIPTION
from humidor_customers.testing.desk import Desk
from humidor_customers.testing.ordering import gtin, tell

STORE = "S0001"


def morning() -> datetime:
    """Give the first moment of this day in UTC, 08:00 in Shanghai: the same day there, and never to come."""
    return utc_now().replace(hour=0, minute=0, second=0, microsecond=0)


def line(
    number: int = 1, quantity: int = 2, unit: Unit = "pack", price: int = 2500, place: int = 1
) -> SaleLine:
    return SaleLine(line=place, gtin=gtin(number), quantity=quantity, unit=unit, unit_price=price)


def sale(
    sale_id: int,
    member_id: str | None = "M1",
    *lines: SaleLine,
    at: datetime | None = None,
    store_id: str = STORE,
    currency: str = "CNY",
) -> SaleRecorded:
    sold, sold_at = list(lines) or [line()], at or morning()
    total = sum(each.quantity * each.unit_price for each in sold)
    return SaleRecorded(
        sale_id=UUID(int=sale_id),
        store_id=store_id,
        terminal_id="T1",
        sold_at=sold_at,
        recorded_at=sold_at,
        currency=currency,
        total=total,
        lines=sold,
        payments=[Payment(method="cash", amount=total)],
        member_id=member_id,
    )


def returned(sale_id: int, member_id: str | None = None, *, store_id: str = "S0002") -> SaleReturned:
    """Give one pack of a sale back elsewhere."""
    return SaleReturned(
        return_id=UUID(int=sale_id + 1),
        sale_id=UUID(int=sale_id),
        store_id=store_id,
        terminal_id="T1",
        returned_at=morning(),
        recorded_at=morning(),
        currency="CNY",
        total=2500,
        lines=[line(quantity=1)],
        payments=[Payment(method="cash", amount=2500)],
        reason="damaged",
        restock=False,
        member_id=member_id,
    )


def voided(sale_id: int) -> SaleVoided:
    return SaleVoided(
        void_id=UUID(int=sale_id + 2),
        sale_id=UUID(int=sale_id),
        store_id=STORE,
        terminal_id="T1",
        voided_at=morning(),
        recorded_at=morning(),
        reason="mistake",
    )


async def buy(desk: Desk, *events: Event) -> None:
    """Let purchases be told as one batch."""
    await tell(desk, SUBSCRIPTION, *events)


async def profile_all(desk: Desk, *, consent_needed: bool = False) -> None:
    """Compute profiles until none is due."""
    while await refresh(desk.runtime.pool, consent_needed=consent_needed):
        pass


async def join(desk: Desk, *member_ids: str, store_id: str = STORE) -> None:
    for each in member_ids:
        body = {"member_id": each, "store_id": store_id, "adult": {"outcome": "unchecked"}}
        await desk.ask("POST", "/v1/consumers", json=body, expect=201)
