"""Statements over receipts, the orders they answer and adjustments."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from humidor_common.db.pool import Connection
from humidor_common.web.problems import Problem, invalid, not_found
from humidor_inventory.orders.changing import next_state
from humidor_inventory.receipts.rules import KEPT_HABIT, usual
from humidor_inventory.receipts.schemas import AdjustmentView, Difference, ReceiptView, ReceivedLineView


async def require_store(conn: Connection, store_id: str) -> None:
    if not await conn.fetchval("SELECT EXISTS (SELECT FROM stores WHERE store_id = $1)", store_id):
        raise invalid("store_id", "there is no such store")


async def require_uncounted(conn: Connection, store_id: str, gtin: str) -> None:
    """Refuse while a stocktake covers the product: its count corrects the books, and would do so twice."""
    stocktake_id = await conn.fetchval(
        """SELECT stocktake_id FROM stocktake_products JOIN stocktakes t USING (store_id, stocktake_id)
           WHERE store_id = $1 AND gtin = $2 AND t.state <> 'draft'""",
        store_id,
        gtin,
    )
    if stocktake_id:
        raise Problem(409, "being-counted", f"Stocktake {stocktake_id} is counting this product.")


async def load_shelf_lives(conn: Connection, gtins: Collection[str]) -> dict[str, int | None]:
    rows = await conn.fetch(
        "SELECT gtin, shelf_life_days FROM products WHERE gtin = ANY($1::text[])", list(gtins)
    )
    return {row[0]: row[1] for row in rows}


async def load_order(conn: Connection, store_id: str, purchase_order_id: UUID | None) -> Any:
    """Load an order of this store that still awaits goods, with its supplier's terms; the store is locked."""
    if purchase_order_id is None:
        return None
    row = await conn.fetchrow(
        """SELECT o.*, coalesce(s.over_receipt, 'ask') AS over_receipt,
                  coalesce(s.over_receipt_percent, 20) AS over_receipt_percent
           FROM purchase_orders o LEFT JOIN suppliers s USING (supplier_id) WHERE purchase_order_id = $1""",
        purchase_order_id,
    )
    if row is None or row["store_id"] != store_id:
        raise invalid("purchase_order_id", "this store has no such order")
    next_state(row, "receive")
    return row


async def load_shipment(conn: Connection, store_id: str, shipment_id: UUID) -> tuple[Any, list[Any]]:
    """Load a shipment that has not come in yet, and its lines; the store is locked."""
    row = await conn.fetchrow("SELECT * FROM shipments WHERE shipment_id = $1", shipment_id)
    if row is None or row["store_id"] != store_id:
        raise invalid("shipment_id", "this store has no such shipment")
    if row["state"] != "announced":
        raise Problem(409, "shipment-closed", f"The shipment was {row['state']} already.")
    lines = await conn.fetch("SELECT * FROM shipment_lines WHERE shipment_id = $1 ORDER BY line", shipment_id)
    return row, lines


async def load_habits(conn: Connection, store_id: str, gtins: Collection[str]) -> dict[str, int | None]:
    """Say how many sticks of each product usually come in at once; None where nobody knows."""
    rows = await conn.fetch(
        """SELECT g, h.recent_sticks, l.order_up_to_sticks FROM unnest($2::text[]) g
           LEFT JOIN receipt_habits h ON h.store_id = $1 AND h.gtin = g
           LEFT JOIN levels l ON l.store_id = $1 AND l.gtin = g""",
        store_id,
        sorted(gtins),
    )
    return {row[0]: usual(row[1] or (), row[2]) for row in rows}


async def store_habits(conn: Connection, store_id: str, sticks: dict[str, int]) -> None:
    """Remember how much came in at once, of the last few receipts."""
    await conn.execute(
        """INSERT INTO receipt_habits AS h (store_id, gtin, recent_sticks)
           SELECT $1, e->>0, ARRAY[(e->>1)::bigint] FROM jsonb_array_elements($2::jsonb) e
           ON CONFLICT (store_id, gtin) DO UPDATE
           SET recent_sticks = (h.recent_sticks || excluded.recent_sticks)
                               [greatest(cardinality(h.recent_sticks) + 2 - $3, 1):]""",
        store_id,
        sorted(sticks.items()),
        KEPT_HABIT,
    )


async def store_receipt(conn: Connection, receipt: ReceiptView) -> None:
    await conn.execute(
        """INSERT INTO receipts (receipt_id, store_id, kind, purchase_order_id, received_at, received_by,
                                 differences, shipment_id)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8)""",
        receipt.receipt_id,
        receipt.store_id,
        receipt.kind,
        receipt.purchase_order_id,
        receipt.received_at,
        receipt.received_by,
        [difference.model_dump() for difference in receipt.differences],
        receipt.shipment_id,
    )
    await conn.execute(
        """INSERT INTO receipt_lines (receipt_id, line, gtin, lot, quantity_sticks, damaged_sticks)
           SELECT $1, (e->>0)::int, e->>1, e->>2, (e->>3)::bigint, (e->>4)::bigint
           FROM jsonb_array_elements($2::jsonb) e""",
        receipt.receipt_id,
        [tuple(line.model_dump().values()) for line in receipt.lines],
    )


async def load_receipt(conn: Connection, receipt_id: UUID, visible: list[str] | None) -> ReceiptView:
    row = await conn.fetchrow(
        """SELECT r.*, o.state AS purchase_order_state FROM receipts r
           LEFT JOIN purchase_orders o USING (purchase_order_id)
           WHERE receipt_id = $1 AND ($2::text[] IS NULL OR r.store_id = ANY($2))""",
        receipt_id,
        visible,
    )
    if row is None:
        raise not_found("receipt", receipt_id)
    lines = await conn.fetch(
        """SELECT line, gtin, lot, quantity_sticks, damaged_sticks FROM receipt_lines
           WHERE receipt_id = $1 ORDER BY line""",
        receipt_id,
    )
    own: dict[str, Any] = {n: row[n] for n in ReceiptView.model_fields if n not in ("lines", "differences")}
    return ReceiptView(
        **own,
        differences=[Difference(**difference) for difference in row["differences"]],
        lines=[ReceivedLineView(**line) for line in lines],
    )


async def store_codes(conn: Connection, codes: Sequence[tuple[str, str, str, str]]) -> None:
    """Note which lot a carton code belongs to; a code scanned again belongs to the later receipt."""
    unique = {(store_id, code): (gtin, lot) for store_id, code, gtin, lot in codes}
    if unique:
        await conn.execute(
            """INSERT INTO carton_codes (store_id, code, gtin, lot)
               SELECT e->>0, e->>1, e->>2, e->>3 FROM jsonb_array_elements($1::jsonb) e
               ON CONFLICT (store_id, code) DO UPDATE SET gtin = excluded.gtin, lot = excluded.lot""",
            [(*key, *found) for key, found in unique.items()],
        )


async def store_adjustment(conn: Connection, adjustment: AdjustmentView) -> None:
    await conn.execute(
        """INSERT INTO adjustments (adjustment_id, store_id, gtin, lot, bucket, delta_sticks, reason_code,
                                    note, adjusted_at, adjusted_by)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)""",
        *adjustment.model_dump().values(),
    )
