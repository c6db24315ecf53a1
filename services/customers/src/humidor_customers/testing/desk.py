"""For tests: the service on real PostgreSQL, with stores as `inventory` would have told them."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx

from humidor_common.db.transaction import transaction
from humidor_common.events.inventory import StoreChanged
from humidor_common.ids import uuid7
from humidor_common.messaging import inbox
from humidor_common.messaging.subscription import Received
from humidor_common.runtime import Runtime
from humidor_customers.stores.consumers import SUBSCRIPTION

_BLOCKED = """
SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock')
"""
NOON = datetime(2026, 11, 26, 4, 0, tzinfo=UTC)


def licence(number: int) -> str:
    """Make a licence number, built as usual: Hangzhou, a business of one person, a serial."""
    return f"3301021{number:05d}"


def store(store_id: str, *, version: int = 1, time_zone: str = "Asia/Shanghai") -> StoreChanged:
    return StoreChanged(
        store_id=store_id,
        name=store_id,
        time_zone=time_zone,
        status="open",
        version=version,
        changed_at=NOON,
    )


@dataclass
class Desk:
    """The service, and short words for what tests do with it."""

    runtime: Runtime
    client: httpx.AsyncClient
    auth: Callable[..., dict[str, str]]

    async def ask(self, method: str, path: str, *, expect: int = 200, **changes: Any) -> Any:
        headers = self.auth() | (changes.pop("headers", None) or {})
        answer = await self.client.request(method, path, headers=headers, **changes)
        if answer.status_code != expect:
            raise AssertionError(f"{answer.status_code} instead of {expect}: {answer.text}")
        return answer.json()

    async def put(self, retailer_id: str, *, expect: int | None = None, **changes: Any) -> Any:
        """Make or change a customer; a new one has the licence of its id's digits."""
        number = licence(int("".join(c for c in retailer_id if c.isdigit()) or "0"))
        body = {"name": f"Shop {retailer_id}", "licence_number": number} | changes
        answer = await self.client.put(f"/v1/retailers/{retailer_id}", json=body, headers=self.auth())
        if answer.status_code not in ((200, 201) if expect is None else (expect,)):
            raise AssertionError(f"{answer.status_code}: {answer.text}")
        return answer.json()

    async def get(self, retailer_id: str) -> Any:
        return await self.ask("GET", f"/v1/retailers/{retailer_id}")

    async def ids(self, **filters: str) -> list[str]:
        found = await self.ask("GET", "/v1/retailers", params=filters)
        return [each["retailer_id"] for each in found["items"]]

    async def tell(self, *stores: StoreChanged) -> None:
        """Give events of stores to the consumer as one batch."""
        batch = [
            Received(event=each, event_id=uuid7(), source="/humidor/inventory", time=NOON, traceparent=None)
            for each in stores
        ]
        async with transaction(self.runtime.pool) as conn:
            await inbox.apply_batch(conn, SUBSCRIPTION, batch)

    async def told(self, *event_types: str) -> Sequence[tuple[str, bytes]]:
        """Give type and payload of what waits in the outbox."""
        rows = await self.runtime.pool.fetch(
            "SELECT type, payload FROM outbox WHERE type = ANY($1::text[]) ORDER BY id", list(event_types)
        )
        return [(row[0], row[1]) for row in rows]

    async def trail(self, entity: str, entity_id: str) -> list[tuple[str, str | None]]:
        """Give the actions and reasons on something."""
        rows = await self.runtime.pool.fetch(
            "SELECT action, reason FROM audit_trail WHERE entity = $1 AND entity_id = $2 ORDER BY id",
            entity,
            entity_id,
        )
        return [(row[0], row[1]) for row in rows]

    async def until_blocked(self) -> None:
        """Wait until one transaction waits for what another has locked."""
        async with asyncio.timeout(20):
            while not await self.runtime.pool.fetchval(_BLOCKED):  # noqa: ASYNC110 - it happens in the database
                await asyncio.sleep(0.01)
