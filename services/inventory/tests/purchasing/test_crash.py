"""A receipt that dies at any statement leaves nothing behind, and the same request books it once."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest

from humidor_common.db.failures import TRANSIENT
from humidor_common.db.pool import Connection
from humidor_common.db.transaction import transaction
from humidor_common.web.idempotency import Idempotent
from humidor_inventory.receipts.schemas import ReceiptInput
from humidor_inventory.receipts.service import receive_goods
from humidor_inventory.testing.shop import NOON, STORE, Shop

TABLES = (
    "stock_ledger", "lot_stock", "stock", "daily_flows", "carton_codes", "receipts", "receipt_lines",
    "receipt_habits", "purchase_orders", "purchase_order_lines", "purchase_order_history", "shipments",
    "discrepancies", "supplier_deliveries", "supplier_months", "suppliers", "alerts", "replenishments",
    "outbox", "audit_trail", "idempotency_keys",
)  # fmt: skip
WRITTEN = frozenset(TABLES) - {"suppliers", "alerts", "replenishments"}
CODE = "1" * 16 + "ABCD" + "2" * 12


class Dying:
    """A connection whose server process is killed when it has done so many statements."""

    def __init__(self, conn: Connection, killer: Connection, survives: int) -> None:
        self._conn = conn
        self._killer = killer
        self._left = survives
        self.done = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._conn, name)

    async def execute(self, *given: Any, **more: Any) -> Any:
        return await self._run("execute", *given, **more)

    async def fetch(self, *given: Any, **more: Any) -> Any:
        return await self._run("fetch", *given, **more)

    async def fetchrow(self, *given: Any, **more: Any) -> Any:
        return await self._run("fetchrow", *given, **more)

    async def fetchval(self, *given: Any, **more: Any) -> Any:
        return await self._run("fetchval", *given, **more)

    async def _run(self, method: str, *given: Any, **more: Any) -> Any:
        answer = await getattr(self._conn, method)(*given, **more)
        self.done += 1
        self._left -= 1
        if self._left == 0:
            await self._killer.execute("SELECT pg_terminate_backend($1)", self._conn.get_server_pid())
        return answer


@asynccontextmanager
async def dying(shop: Shop, survives: int) -> AsyncIterator[Dying]:
    async with shop.runtime.pool.acquire() as killer, transaction(shop.runtime.pool) as conn:
        yield Dying(conn, killer, survives)


async def picture(shop: Shop) -> dict[str, str]:
    """Take a fingerprint of every table that a receipt may write."""
    return {
        table: await shop.runtime.pool.fetchval(
            f"SELECT md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) FROM {table} t"  # noqa: S608
        )
        for table in TABLES
    }


async def book(shop: Shop, receipt: ReceiptInput, survives: int) -> int:
    """Book it as the route does, under one key; gives how many statements that took."""
    principal = await shop.runtime.verifier.verify(shop.auth()["Authorization"].removeprefix("Bearer "))
    once = Idempotent("receipt-1", "user:test", b"the same request")
    async with dying(shop, survives) as mortal:
        conn = cast("Connection", mortal)
        await once.run(conn, lambda: receive_goods(conn, principal, receipt, now=NOON))
    return mortal.done


async def test_a_receipt_that_dies_after_any_statement_leaves_nothing_and_is_booked_once(
    supplied: Any,
) -> None:
    shop, gtin = supplied.shop, supplied.gtin
    order = await supplied.order(10)
    lines = [
        {"gtin": gtin, "quantity": 6, "lot": "L1", "production_date": "2026-11-02", "codes": [CODE]},
        {"gtin": gtin, "quantity": 4, "lot": "L2"},
    ]
    order_id = order["purchase_order_id"]
    asn = {"purchase_order_id": order_id, "shipped_at": "2026-11-26T00:00:00Z", "lines": lines}
    sent = await supplied.portal("PUT", "shipments/ASN-1", json=asn, expect=201)
    differences = [{"line": 2, "quantity": 3, "damaged_quantity": 1}]
    receipt = ReceiptInput.model_validate(
        {
            "store_id": STORE,
            "shipment_id": sent["shipment_id"],
            "differences": differences,
            "close_purchase_order": True,
        }
    )
    before, survives = await picture(shop), 0
    while True:
        survives += 1
        assert survives < 100, "a receipt does not take as many statements"
        try:
            done = await book(shop, receipt, survives)
        except TRANSIENT:
            assert await picture(shop) == before, f"after statement {survives}"
            continue
        break
    assert survives == done + 1  # the last one to be killed is the commit's own round trip or none
    after = await picture(shop)
    assert {table for table in TABLES if after[table] != before[table]} == WRITTEN
    assert await book(shop, receipt, 0) < done
    assert await picture(shop) == after
    stock = await shop.stock(gtin, unit="carton")
    assert (stock["on_hand"], stock["quarantined"], stock["on_order"]) == (8, 1, 0)
    assert (await supplied.read(order))["state"] == "received"
    await shop.check()


@pytest.mark.parametrize("table", ["purchase_order_lines", "stock", "outbox", "idempotency_keys"])
async def test_an_order_by_hand_that_dies_leaves_nothing(supplied: Any, table: str) -> None:
    shop, pool = supplied.shop, supplied.shop.runtime.pool
    headers = shop.auth() | {"Idempotency-Key": "once"}
    before = await picture(shop)
    await pool.execute(
        f"""CREATE FUNCTION crash() RETURNS trigger LANGUAGE plpgsql AS
            $$BEGIN RAISE EXCEPTION 'the power is gone'; END$$;
            CREATE TRIGGER crash BEFORE INSERT OR UPDATE ON {table}
            FOR EACH STATEMENT EXECUTE FUNCTION crash();"""
    )
    body = {"store_id": STORE, "lines": [{"gtin": supplied.gtin, "quantity": 10}]}
    answer = await shop.client.post("/v1/purchase-orders", json=body, headers=headers)
    assert answer.status_code == 500
    assert await picture(shop) == before
    await pool.execute(f"DROP TRIGGER crash ON {table}")
    first = await supplied.order(headers=headers, lines=body["lines"])
    assert first == await supplied.order(headers=headers, lines=body["lines"])
    assert (await shop.stock(supplied.gtin, unit="carton"))["on_order"] == 10
    await shop.check()
