"""A crash in any step of a movement leaves all of it or nothing."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from humidor_inventory.testing.shop import STORE, Shop

Send = Callable[..., Awaitable[Any]]

TABLES = (
    "stock_ledger", "lot_stock", "stock", "transfers", "transfer_lines", "transfer_parcels",
    "transfer_losses", "reservations", "write_offs", "lot_changes", "outbox", "audit_trail",
    "idempotency_keys",
)  # fmt: skip
CRASH = """
CREATE OR REPLACE FUNCTION crash() RETURNS trigger LANGUAGE plpgsql AS
$$BEGIN RAISE EXCEPTION 'the power is gone'; END$$;
CREATE TRIGGER crash BEFORE INSERT OR UPDATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION crash();
"""
MOVED = ("stock_ledger", "lot_stock", "stock", "audit_trail", "idempotency_keys")


async def picture(shop: Shop) -> dict[str, str]:
    """Take a fingerprint of every table that a movement may write."""
    return {
        table: await shop.runtime.pool.fetchval(
            f"SELECT md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) FROM {table} t"  # noqa: S608
        )
        for table in TABLES
    }


@pytest.mark.parametrize(
    ("step", "written"),
    [
        ("dispatch", (*MOVED, "transfers", "transfer_lines", "transfer_parcels", "outbox")),
        ("receive", (*MOVED, "transfers", "transfer_parcels", "transfer_losses", "outbox")),
        ("reserve", ("stock", "reservations", "audit_trail", "idempotency_keys")),
        ("write off", (*MOVED, "write_offs")),
        ("split", (*MOVED, "lot_changes", "outbox")),
        ("merge", (*MOVED, "lot_changes", "outbox")),
    ],
)
async def test_a_crash_in_any_step_leaves_all_or_nothing(
    shop: Shop, gtin: str, warehouse: str, send: Send, step: str, written: tuple[str, ...]
) -> None:
    sent = (await send(5))["transfer_id"]
    own = {"store_id": warehouse, "gtin": gtin}
    ends = {"from_store_id": warehouse, "to_store_id": STORE, "dispatch": True}
    torn = {"gtin": gtin, "received": 2, "lost": 1, "reason": "torn"}
    path, body = {
        "dispatch": ("/v1/transfers", ends | {"lines": [{"gtin": gtin, "quantity": 7}]}),
        "receive": (f"/v1/transfers/{sent}:receive", {"lines": [torn]}),
        "reserve": ("/v1/reservations", own | {"quantity": 3}),
        "write off": (
            "/v1/write-offs",
            own | {"lot": "NEW", "quantity": 2, "reason_code": "wet", "evidence": "roof"},
        ),
        "split": ("/v1/lots:split", own | {"lot": "NEW", "new_lot": "N2", "quantity": 2, "reason": "shelf"}),
        "merge": ("/v1/lots:merge", own | {"lots": ["OLD"], "into": "NEW", "reason": "shelf"}),
    }[step]
    headers = shop.auth() | {"Idempotency-Key": "once"}
    before = await picture(shop)
    for table in written:
        await shop.runtime.pool.execute(CRASH.format(table=table))
        answer = await shop.client.post(path, json=body, headers=headers)
        await shop.runtime.pool.execute(f"DROP TRIGGER crash ON {table}")
        assert answer.status_code == 500, table
        assert await picture(shop) == before, table
    answer = await shop.client.post(path, json=body, headers=headers)
    assert answer.status_code in (200, 201), answer.text
    after = await picture(shop)
    same = {"stock"} if step in ("split", "merge") else set[str]()  # the sums of the lots are what they were
    assert {table for table in TABLES if after[table] != before[table]} == set(written) - same
    await shop.check()
