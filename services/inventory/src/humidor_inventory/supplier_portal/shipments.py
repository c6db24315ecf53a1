"""Stores and reads shipments."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from humidor_common.db.pool import Connection
from humidor_common.web.problems import not_found
from humidor_inventory.supplier_portal.dependencies import Caller
from humidor_inventory.supplier_portal.schemas import ShipmentInput, ShipmentView

_READ = """
SELECT s.*, l.lines FROM shipments s CROSS JOIN LATERAL (
    SELECT jsonb_agg(to_jsonb(x) ORDER BY line) AS lines FROM shipment_lines x
    WHERE shipment_id = s.shipment_id) l
"""
_LINES = """
INSERT INTO shipment_lines (shipment_id, line, gtin, lot, quantity, unit, quantity_sticks, production_date,
                            expiry_date, codes)
SELECT $1, (e->>0)::int, e->>1, e->>2, (e->>3)::bigint, e->>4, (e->>5)::bigint, (e->>6)::date, (e->>7)::date,
       ARRAY(SELECT jsonb_array_elements_text(e->8))
FROM jsonb_array_elements($2::jsonb) e
"""


async def find(conn: Connection, supplier_id: str, asn_number: str) -> Any:
    """Find the shipment under a supplier's number; None where there is none."""
    return await conn.fetchrow(
        "SELECT shipment_id, digest FROM shipments WHERE supplier_id = $1 AND asn_number = $2",
        supplier_id,
        asn_number,
    )


async def store(
    conn: Connection,
    owner: tuple[UUID, Caller, str, bytes],
    given: tuple[str, ShipmentInput],
    sticks: Sequence[int],
    now: datetime,
) -> None:
    """Write a shipment of (id, caller, store, digest) under (number, content), with each line's sticks."""
    shipment_id, caller, store_id, digest = owner
    asn_number, shipment = given
    await conn.execute(
        """INSERT INTO shipments (shipment_id, supplier_id, asn_number, purchase_order_id, store_id, state,
                                  shipped_at, expected_on, carrier, tracking, announced_at, announced_by,
                                  digest)
           VALUES ($1, $2, $3, $4, $5, 'announced', $6, $7, $8, $9, $10, $11, $12)""",
        shipment_id,
        caller.supplier_id,
        asn_number,
        shipment.purchase_order_id,
        store_id,
        shipment.shipped_at,
        shipment.expected_on,
        shipment.carrier,
        shipment.tracking,
        now,
        caller.principal.subject,
        digest,
    )
    lines = [
        (n, x.gtin, x.lot, x.quantity, x.unit, sticks[n - 1], x.production_date, x.expiry_date, x.codes)
        for n, x in enumerate(shipment.lines, 1)
    ]
    await conn.execute(_LINES, shipment_id, lines)


async def get_shipment(conn: Connection, shipment_id: UUID) -> ShipmentView:
    row = await conn.fetchrow(_READ + " WHERE s.shipment_id = $1", shipment_id)
    if row is None:
        raise not_found("shipment", shipment_id)
    return ShipmentView(**row)


async def list_shipments(
    conn: Connection,
    visible: Sequence[str] | None,
    supplier_id: str | None,
    purchase_order_id: UUID | None,
    page: tuple[UUID, int],
) -> list[ShipmentView]:
    """Read a page (after, limit) of shipments; None does not filter."""
    conditions: list[str] = ["s.shipment_id > $2"]
    arguments: list[Any] = [page[1], page[0]]
    for condition, argument in (
        ("s.store_id = ANY(${}::text[])", visible),
        ("s.supplier_id = ${}", supplier_id),
        ("s.purchase_order_id = ${}", purchase_order_id),
    ):
        if argument is not None:
            arguments.append(argument)
            conditions.append(condition.format(len(arguments)))
    where = " AND ".join(conditions)
    rows = await conn.fetch(f"{_READ} WHERE {where} ORDER BY s.shipment_id LIMIT $1", *arguments)
    return [ShipmentView(**row) for row in rows]
