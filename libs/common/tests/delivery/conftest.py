from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from humidor_common.db.pool import Pool, create_pool
from humidor_common.db.transaction import transaction
from humidor_common.delivery import Outgoing, enqueue
from humidor_common.delivery.sender import Sender
from humidor_common.delivery.settings import DeliverySettings
from humidor_common.delivery.tables import DELIVERIES
from humidor_common.testing.plugin import MakeDatabase
from humidor_common.testing.receiving import Receiver, receiving


@dataclass
class Post:
    """A database with deliveries, a sender and a clock that tests turn on."""

    pool: Pool
    settings: DeliverySettings
    now: datetime = field(default_factory=lambda: datetime(2026, 11, 23, 4, 0, tzinfo=UTC))

    @property
    def sender(self) -> Sender:
        return Sender(self.pool, self.settings, clock=lambda: self.now)

    def configure(self, **changes: Any) -> None:
        self.settings = self.settings.model_copy(update=changes)

    async def put(self, channel: Any, target: str, **changes: Any) -> None:
        values: dict[str, Any] = {"topic": "inventory.alert", "subject": "2 alerts", "body": {"alerts": 2}}
        async with transaction(self.pool) as conn:
            await enqueue(
                conn, [Outgoing(channel=channel, target=target, **(values | changes))], now=self.now
            )

    async def send(self, *, after_seconds: float = 0) -> int:
        """Let time pass, send what is due then, and give how many attempts were made."""
        self.now += timedelta(seconds=after_seconds)
        return await self.sender.send_due()

    async def states(self) -> list[tuple[str, int]]:
        rows = await self.pool.fetch("SELECT state, attempts FROM deliveries ORDER BY delivery_id")
        return [(row[0], row[1]) for row in rows]

    async def reason(self) -> str:
        found: str = await self.pool.fetchval("SELECT reason FROM deliveries")
        return found


@pytest.fixture
async def post(make_database: MakeDatabase) -> AsyncIterator[Post]:
    values: dict[str, Any] = {"pg_dsn": make_database(None), "kafka_bootstrap_servers": "-", "jwks": "-"}
    settings = DeliverySettings.model_validate(values | {"delivery_private_targets": True})
    pool = await create_pool(settings, name="post")
    await pool.execute(DELIVERIES)
    yield Post(pool, settings)
    await pool.close()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as made:
        yield made
