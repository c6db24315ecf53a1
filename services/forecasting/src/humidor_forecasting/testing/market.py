"""For tests: the service on real PostgreSQL, with facts as other services would have told them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

import httpx
import msgspec

from humidor_common.clock import local_date, utc_now
from humidor_common.db.transaction import transaction
from humidor_common.events import Event
from humidor_common.events.customers import CampaignChanged, OrderConfirmed, OrderedProduct
from humidor_common.events.inventory import ProductChanged, StoreChanged
from humidor_common.events.pos import SaleLine, SaleRecorded, SaleReturned, SaleVoided, Unit
from humidor_common.ids import uuid7
from humidor_common.messaging import inbox
from humidor_common.messaging.subscription import Received, Subscription
from humidor_common.runtime import Runtime
from humidor_forecasting.catalogue.consumers import SUBSCRIPTION as CATALOGUE
from humidor_forecasting.demand.consumers import SUBSCRIPTION as DEMAND

NOON = datetime(2026, 11, 26, 4, 0, tzinfo=UTC)
TODAY = date(2026, 11, 26)
GTIN = "06901028075763"
TIME_ZONE = "Asia/Shanghai"
_NAMES = UUID("0b8f5a5e-0000-4000-8000-000000000001")


def identity(name: str) -> UUID:
    """The same id for the same name, so that tests read well."""
    return uuid5(_NAMES, name)


def store_day(at: datetime | None = None) -> date:
    """Give the date on the walls of the stores, now or at another moment."""
    return local_date(at or utc_now(), TIME_ZONE)


def store(store_id: str = "S0001", *, version: int = 1, **changes: Any) -> StoreChanged:
    values: dict[str, Any] = {
        "store_id": store_id,
        "name": store_id,
        "time_zone": TIME_ZONE,
        "status": "open",
        "version": version,
        "changed_at": NOON,
    }
    return StoreChanged(**(values | changes))


def product(gtin: str = GTIN, *, version: int = 1, **changes: Any) -> ProductChanged:
    values: dict[str, Any] = {
        "gtin": gtin,
        "name": "Filter King Size",
        "brand": "Loop",
        "status": "active",
        "sticks_per_pack": 20,
        "packs_per_carton": 10,
        "cartons_per_case": 50,
        "version": version,
        "changed_at": NOON,
        "price_class": "2",
        "retail_price_per_pack": 2500,
        "currency": "CNY",
    }
    return ProductChanged(**(values | changes))


def line(quantity: int, unit: Unit = "pack", *, gtin: str = GTIN, price: int = 2500) -> SaleLine:
    return SaleLine(line=1, gtin=gtin, quantity=quantity, unit=unit, unit_price=price)


def sale(name: str, *lines: SaleLine, at: datetime = NOON, store_id: str = "S0001") -> SaleRecorded:
    return SaleRecorded(
        sale_id=identity(name), store_id=store_id, terminal_id="T1", sold_at=at, recorded_at=at,
        currency="CNY", total=sum(each.quantity * each.unit_price for each in lines), lines=list(lines),
        payments=[],
    )  # fmt: skip


def returned(
    name: str, sold: str | None, *lines: SaleLine, at: datetime, store_id: str = "S0001"
) -> SaleReturned:
    return SaleReturned(
        return_id=identity(name), sale_id=identity(sold) if sold else None, store_id=store_id,
        terminal_id="T1", returned_at=at, recorded_at=at, currency="CNY", total=0, lines=list(lines),
        payments=[], reason="changed mind", restock=True,
    )  # fmt: skip


def voided(name: str, sold: str, *, at: datetime = NOON, store_id: str = "S0001") -> SaleVoided:
    return SaleVoided(
        void_id=identity(name), sale_id=identity(sold), store_id=store_id, terminal_id="T1", voided_at=at,
        recorded_at=at, reason="mistake",
    )  # fmt: skip


def ordered(
    name: str, requested: int, allowed: int, *, attempt: int = 1, at: datetime = NOON
) -> OrderConfirmed:
    """An order of a trade customer from the warehouse W0001, in sticks; a cap may have cut it."""
    limits = ["product-cap"] if allowed < requested else []
    return OrderConfirmed(
        order_id=identity(name), retailer_id="C1", cycle_id=identity("cycle"), store_id="W0001",
        attempt=attempt, accept_less=True, value_minor=0, currency="CNY", delivery_on=at.date(),
        confirmed_at=at,
        lines=[OrderedProduct(gtin=GTIN, requested_sticks=requested, ordered_sticks=allowed, limits=limits)],
    )  # fmt: skip


def campaign(name: str = "campaign", *, version: int = 1, **changes: Any) -> CampaignChanged:
    """A price cut of ten days in November in two stores, as `customers` tells it."""
    values: dict[str, Any] = {
        "campaign_id": identity(name), "version": version, "state": "scheduled", "kind": "price-cut",
        "audience": "consumers", "starts_on": "2026-11-10", "ends_on": "2026-11-19",
        "store_ids": ["S0001", "S0002"], "holdout_store_ids": ["S0003"], "gtins": [GTIN],
        "discount_percent": 20.0, "price_per_pack": 2000, "currency": "CNY", "budget_minor": 100_000,
        "spent_minor": 60_000, "changed_at": NOON,
    }  # fmt: skip
    return CampaignChanged(**(values | changes))


def days_of_sales(
    amounts: Sequence[int], *, until: date = TODAY, store_id: str = "S0001", gtin: str = GTIN
) -> list[SaleRecorded]:
    """One sale of so many packs on each day before `until`, the last one the day before."""
    first = until - timedelta(days=len(amounts))
    return [
        sale(f"{store_id}/{gtin}/{i}", line(amount, gtin=gtin), store_id=store_id,
             at=datetime(first.year, first.month, first.day, 4, tzinfo=UTC) + timedelta(days=i))
        for i, amount in enumerate(amounts)
        if amount
    ]  # fmt: skip


@dataclass
class Market:
    """The service, and short words for what tests do with it."""

    runtime: Runtime
    client: httpx.AsyncClient
    auth: Callable[..., dict[str, str]]

    async def ask(self, method: str, path: str, *, expect: int = 200, **changes: Any) -> Any:
        headers = self.auth() | (changes.pop("headers", None) or {})
        answer = await self.client.request(method, path, headers=headers, **changes)
        if answer.status_code != expect:
            raise AssertionError(f"{answer.status_code} instead of {expect}: {answer.text}")
        return answer.json() if answer.content else None

    async def tell(self, subscription: Subscription, *events: Event) -> None:
        """Give events to a consumer as one batch."""
        batch = [
            Received(event=each, event_id=uuid7(), source="/humidor/test", time=NOON, traceparent=None)
            for each in events
        ]
        async with transaction(self.runtime.pool) as conn:
            await inbox.apply_batch(conn, subscription, batch)

    async def sold(self, *events: Event) -> None:
        await self.tell(DEMAND, *events)

    async def know(self, *events: Event) -> None:
        await self.tell(CATALOGUE, *events)

    async def days(self, store_id: str = "S0001", gtin: str = GTIN) -> dict[str, tuple[int, int, int]]:
        """Give sold, requested and cut sticks by day, as they are stored."""
        rows = await self.runtime.pool.fetch(
            "SELECT day, sold_sticks, requested_sticks, cut_sticks FROM demand_days "
            "WHERE store_id = $1 AND gtin = $2 ORDER BY day",
            store_id,
            gtin,
        )
        return {row[0].isoformat(): (row[1], row[2], row[3]) for row in rows}

    async def told(self, event_type: type[Event]) -> list[Any]:
        """Give the events of a type that wait in the outbox."""
        rows = await self.runtime.pool.fetch(
            "SELECT payload FROM outbox WHERE type = $1 ORDER BY id", event_type.TYPE
        )
        return [msgspec.json.decode(row[0], type=event_type) for row in rows]
