"""For tests: a shop on real PostgreSQL, whose sales reach the consumer as Kafka would give them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar
from uuid import UUID, uuid4

import httpx
import msgspec

from humidor_common.db.transaction import transaction
from humidor_common.events import Event
from humidor_common.events.pos import Payment, SaleLine, SaleRecorded, SaleReturned, SaleVoided
from humidor_common.ids import uuid7
from humidor_common.messaging import inbox
from humidor_common.messaging.subscription import Received
from humidor_common.runtime import Runtime
from humidor_inventory.sales.consumers import SUBSCRIPTION
from humidor_inventory.units.rules import check_digit

NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
STORE = "S0001"
Told = TypeVar("Told", bound=Event)


def make_gtin(number: int) -> str:
    body = f"0690{number:09d}"
    return body + check_digit(body)


def line(gtin: str, packs: int, **changes: Any) -> SaleLine:
    values: dict[str, Any] = {"line": 1, "gtin": gtin, "quantity": packs, "unit": "pack", "unit_price": 2500}
    return SaleLine(**(values | changes))


def sale(*lines: SaleLine, store_id: str = STORE, sale_id: UUID | None = None) -> SaleRecorded:
    return SaleRecorded(
        sale_id=sale_id or uuid4(),
        store_id=store_id,
        terminal_id="T1",
        sold_at=NOON,
        recorded_at=NOON,
        currency="CNY",
        total=2500,
        lines=list(lines),
        payments=[Payment(method="cash", amount=2500)],
    )


def returned(sale_id: UUID | None, *lines: SaleLine, restock: bool = True) -> SaleReturned:
    return SaleReturned(
        return_id=uuid4(),
        sale_id=sale_id,
        store_id=STORE,
        terminal_id="T1",
        returned_at=NOON,
        recorded_at=NOON,
        currency="CNY",
        total=2500,
        lines=list(lines),
        payments=[],
        reason="damaged",
        restock=restock,
    )


def voided(sale_id: UUID | None, *lines: SaleLine) -> SaleVoided:
    return SaleVoided(
        void_id=uuid4(),
        sale_id=sale_id,
        store_id=STORE,
        terminal_id="T1",
        voided_at=NOON,
        recorded_at=NOON,
        reason="wrong amount",
        lines=list(lines),
    )


def at(event: Told, moment: datetime) -> Told:
    """Let a sale, return or void have happened at another moment."""
    name = next(name for name in ("sold_at", "returned_at", "voided_at") if hasattr(event, name))
    return msgspec.structs.replace(event, **{name: moment})


def received(event: Event) -> Received:
    return Received(event=event, event_id=uuid7(), source="/humidor/pos", time=NOON, traceparent=None)


@dataclass
class Shop:
    """The service and short words for what tests do with it."""

    runtime: Runtime
    client: httpx.AsyncClient
    auth: Callable[..., dict[str, str]]

    async def ask(self, method: str, path: str, *, expect: int = 200, **changes: Any) -> Any:
        headers = changes.pop("headers", None) or self.auth()
        answer = await self.client.request(method, path, headers=headers, **changes)
        if answer.status_code != expect:
            raise AssertionError(f"{answer.status_code} instead of {expect}: {answer.text}")
        return answer.json()

    async def put_product(self, gtin: str, **changes: Any) -> Any:
        body = {"name": "Harbour Gold", "brand": "Harbour"} | changes
        answer = await self.client.put(f"/v1/products/{gtin}", json=body, headers=self.auth())
        answer.raise_for_status()
        return answer.json()

    async def put_store(self, store_id: str = STORE, time_zone: str = "Asia/Shanghai") -> None:
        body = {"name": "East Gate", "time_zone": time_zone}
        answer = await self.client.put(f"/v1/stores/{store_id}", json=body, headers=self.auth())
        answer.raise_for_status()

    async def receive(self, *lines: tuple[str, int, str | None], expect: int = 201, **changes: Any) -> Any:
        """Book lines of (GTIN, packs, lot)."""
        body = {
            "store_id": STORE,
            "lines": [{"gtin": gtin, "quantity": packs, "lot": lot} for gtin, packs, lot in lines],
        } | changes
        return await self.ask("POST", "/v1/receipts", json=body, expect=expect)

    async def deliver(self, *events: Event) -> None:
        """Give events to the consumer as one batch of new messages."""
        await self.deliver_again([received(event) for event in events])

    async def deliver_again(self, batch: Sequence[Received]) -> None:
        async with transaction(self.runtime.pool) as conn:
            await inbox.apply_batch(conn, SUBSCRIPTION, batch)

    async def stock(self, gtin: str, store_id: str = STORE, **params: str) -> Any:
        query = {"store_id": store_id, "gtin": gtin} | params
        items = (await self.ask("GET", "/v1/stock", params=query))["items"]
        return items[0] if items else None

    async def lots(self, gtin: str) -> dict[str, tuple[int, int]]:
        """Packs on hand and in quarantine by lot."""
        found = await self.ask("GET", f"/v1/stock/{STORE}/{gtin}/lots")
        return {lot["lot"]: (lot["on_hand"], lot["quarantined"]) for lot in found["items"]}

    async def entries(self, gtin: str) -> list[tuple[str, str, int, str]]:
        """Lot, reason, packs and explanation of every entry, the newest first."""
        found = await self.ask("GET", f"/v1/stock/{STORE}/{gtin}/ledger")
        return [(e["lot"], e["reason"], e["delta_sticks"] // 20, e["explanation"]) for e in found["items"]]

    async def outbox(self, event_type: str) -> int:
        count: int = await self.runtime.pool.fetchval(
            "SELECT count(*) FROM outbox WHERE type = $1", event_type
        )
        return count

    async def check(self) -> None:
        for check in ("ledger", "flows"):
            found = await self.ask("GET", f"/v1/checks/{check}")
            if not found["equal"]:
                raise AssertionError(found["differences"])
