"""A running pos with known terminals, and documents as terminals send them."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from humidor_common.db.pool import Connection
from humidor_common.ids import uuid7
from humidor_common.runtime import Runtime
from humidor_common.settings import ServiceSettings
from humidor_common.testing.running import Running, running
from humidor_pos.app import SERVICE

GTINS = ("06901028001236", "06901028001243", "06901028001250")
Document = dict[str, Any]


class Till:
    """A registered terminal and the client that speaks for it."""

    def __init__(self, client: httpx.AsyncClient, terminal_id: str, key: str, store_id: str) -> None:
        self.client = client
        self.terminal_id = terminal_id
        self.key = key
        self.store_id = store_id

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}"}

    async def post(self, path: str, document: Any) -> httpx.Response:
        return await self.client.post(path, json=document, headers=self.headers)

    async def send(self, path: str, body: bytes, content_type: str = "application/json") -> httpx.Response:
        headers = self.headers | {"Content-Type": content_type}
        return await self.client.post(path, content=body, headers=headers)

    async def get(self, path: str, **params: Any) -> httpx.Response:
        return await self.client.get(path, params=params, headers=self.headers)


class Pos:
    """A running pos, its operators and its database."""

    def __init__(self, process: Running, auth: Callable[..., dict[str, str]]) -> None:
        self.process = process
        self.client = process.client
        self.auth = auth

    @property
    def runtime(self) -> Runtime:
        return self.process.runtime

    async def till(self, store_id: str = "S0001") -> Till:
        answer = await self.client.post(
            "/v1/terminals", json={"store_id": store_id, "name": "till"}, headers=self.auth()
        )
        assert answer.status_code == 201, answer.text
        return Till(self.client, answer.json()["terminal_id"], answer.json()["key"], store_id)

    async def get(self, path: str, **params: Any) -> Any:
        answer = await self.client.get(path, params=params, headers=self.auth())
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def fetch(self, sql: str, *values: Any) -> list[Any]:
        async with self.runtime.pool.acquire() as conn:
            return await conn.fetch(sql, *values)

    async def value(self, sql: str, *values: Any) -> Any:
        rows = await self.fetch(sql, *values)
        return rows[0][0] if rows else None

    async def open_codes(self, fact_id: str) -> list[str]:
        rows = await self.fetch(
            "SELECT code FROM exceptions WHERE fact_id = $1 AND state = 'open' ORDER BY code", fact_id
        )
        return [row["code"] for row in rows]

    async def stored(self) -> int:
        """Count every row that a fact may leave behind."""
        tables = (
            "fact_ids",
            "sales",
            "sale_lines",
            "returns",
            "voids",
            "exceptions",
            "outbox",
            "day_closings",
        )
        counts = [await self.value(f"SELECT count(*) FROM {table}") for table in tables]  # noqa: S608
        return sum(counts)


@pytest.fixture
def settings(settings_for: Callable[..., ServiceSettings]) -> ServiceSettings:
    return settings_for(SERVICE, bus=False, pos_settle_every_seconds=3600)


@pytest.fixture
async def pos(settings: ServiceSettings, auth: Callable[..., dict[str, str]]) -> AsyncIterator[Pos]:
    """One process; what runs by itself every second is called by the tests instead."""
    async with running(SERVICE, settings) as process:
        made = Pos(process, auth)
        async with process.runtime.pool.acquire() as conn:
            await stock_shelf(conn)
        yield made


@pytest.fixture
async def till(pos: Pos) -> Till:
    return await pos.till()


async def stock_shelf(conn: Connection) -> None:
    """Make three products known, at 2500 a pack for some days already, and a store."""
    since = datetime.now(UTC) - timedelta(days=10)
    await conn.execute("UPDATE revisions SET revision = revision + 1")
    await conn.executemany(
        "INSERT INTO products VALUES ($1, 'name', 'brand', 'active', 20, 10, 50, 2500, 'CNY', 1, $2, 1)",
        [(gtin, since) for gtin in GTINS],
    )
    await conn.execute(
        "INSERT INTO stores VALUES ('S0001', 'corner', 'Asia/Shanghai', '430701204804', 'open', 1, $1, 1)",
        since,
    )


@pytest.fixture
def a_sale() -> Callable[..., Document]:
    return make_sale


def make_sale(*, lines: int = 2, store_id: str = "S0001", **changes: Any) -> Document:
    """Make a sale with nothing odd about it."""
    document = {
        "sale_id": str(uuid7()),
        "store_id": store_id,
        "sold_at": datetime.now(UTC).isoformat(),
        "currency": "CNY",
        "lines": [make_line(number) for number in range(1, lines + 1)],
        "payments": [{"method": "wechat_pay", "amount": 5000 * lines}],
        "member_id": None,
        "age_check": {"method": "id_seen", "passed": True},
    }
    return document | changes


def make_line(number: int = 1, **changes: Any) -> Document:
    line = {
        "line": number,
        "gtin": GTINS[(number - 1) % len(GTINS)],
        "quantity": 2,
        "unit": "pack",
        "unit_price": 2500,
        "lot": None,
        "code": None,
    }
    return line | changes


@pytest.fixture
def a_line() -> Callable[..., Document]:
    return make_line


@pytest.fixture
def a_return() -> Callable[..., Document]:
    return make_return


def make_return(sale: Document | None = None, **changes: Any) -> Document:
    """Make a return of one pack of the sale's first line."""
    document = {
        "return_id": str(uuid7()),
        "sale_id": sale["sale_id"] if sale else None,
        "store_id": "S0001",
        "returned_at": datetime.now(UTC).isoformat(),
        "currency": "CNY",
        "lines": [make_line(1, quantity=1)],
        "payments": [{"method": "cash", "amount": 2500}],
        "reason": "damaged",
        "restock": False,
    }
    return document | changes


@pytest.fixture
def a_void() -> Callable[..., Document]:
    return make_void


def make_void(sale: Document | None = None, **changes: Any) -> Document:
    document = {
        "void_id": str(uuid7()),
        "sale_id": sale["sale_id"] if sale else None,
        "store_id": "S0001",
        "voided_at": datetime.now(UTC).isoformat(),
        "reason": "scanned twice",
        "clerk": "li.na",
    }
    return document | changes
