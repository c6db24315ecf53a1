"""What the sales consumer reads and writes besides the stock itself; each a single statement for a batch."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from humidor_common.db.pool import Connection
from humidor_common.db.statements import Statement
from humidor_common.events.pos import SaleLine
from humidor_inventory.sales.planning import MOST_MONEY, Applied, Document
from humidor_inventory.units.rules import MAX_STICKS, Unit

_STORE_DOCUMENTS = """
INSERT INTO sale_documents (store_id, thread_id, document_id, kind, restock, occurred_at, stated, moves,
                            day, recorded_at)
SELECT e->>0, (e->>1)::uuid, (e->>2)::uuid, e->>3, (e->>4)::boolean, (e->>5)::timestamptz,
       nullif(e->6, 'null'), e->7, (e->>8)::date, $2
FROM jsonb_array_elements($1::jsonb) e
"""
_EXTEND_DOCUMENTS = """
UPDATE sale_documents d SET stated = d.stated || (e->4), moves = d.moves || (e->5)
FROM jsonb_array_elements($1::jsonb) e
WHERE d.store_id = e->>0 AND d.thread_id = (e->>1)::uuid AND d.document_id = (e->>2)::uuid AND d.kind = e->>3
"""
_PARK = """
INSERT INTO parked_lines (store_id, thread_id, document_id, kind, restock, occurred_at, line, gtin, quantity,
                          unit, lot, code, unit_price, currency, parked_at, reason)
SELECT e->>0, (e->>1)::uuid, (e->>2)::uuid, e->>3, (e->>4)::boolean, (e->>5)::timestamptz, (e->>6)::int,
       e->>7, (e->>8)::bigint, e->>9, e->>10, e->>11, (e->>12)::bigint, e->>13, $2, e->>14
FROM jsonb_array_elements($1::jsonb) e
"""
_UNITS = "SELECT unit_gtin, gtin, unit FROM unit_gtins WHERE unit_gtin = ANY($1::text[])"
_TAKE_PARKED = """
WITH known AS (
    SELECT gtin AS code, NULL AS own_unit, sticks_per_pack, packs_per_carton, cartons_per_case
    FROM products WHERE gtin = ANY($1::text[])
    UNION ALL
    SELECT u.unit_gtin, u.unit, p.sticks_per_pack, p.packs_per_carton, p.cartons_per_case
    FROM unit_gtins u JOIN products p USING (gtin) WHERE u.unit_gtin = ANY($1::text[])
), judged AS (
    UPDATE parked_lines l
    SET applied_at = CASE WHEN l.quantity::numeric * f.sticks <= $3 THEN $2::timestamptz END,
        reason = CASE WHEN l.quantity::numeric * f.sticks <= $3 THEN l.reason ELSE 'absurd_quantity' END
    FROM known p CROSS JOIN LATERAL (VALUES
        ('stick', 1::numeric), ('pack', p.sticks_per_pack),
        ('carton', p.sticks_per_pack * p.packs_per_carton),
        ('case', p.sticks_per_pack * p.packs_per_carton * p.cartons_per_case)
    ) f(unit, sticks)
    WHERE l.gtin = ANY($1::text[]) AND l.applied_at IS NULL AND p.code = l.gtin
      AND f.unit = coalesce(p.own_unit, l.unit)
    RETURNING l.*
)
SELECT * FROM judged WHERE applied_at IS NOT NULL ORDER BY parked_id
"""


async def load_units(conn: Connection, gtins: Collection[str]) -> dict[str, tuple[str, Unit]]:
    """Find what GTINs of cartons and cases stand for: product and unit."""
    if not gtins:
        return {}
    return {row[0]: (row[1], row[2]) for row in await conn.fetch(_UNITS, list(gtins))}


async def load_lots_by_code(
    conn: Connection, codes: Collection[tuple[str, str]]
) -> dict[tuple[str, str], tuple[str, str]]:
    """Find the lots that receipts noted for carton codes: (store, code) to (GTIN, lot)."""
    if not codes:
        return {}
    rows = await conn.fetch(
        """SELECT c.store_id, c.code, c.gtin, c.lot FROM jsonb_array_elements($1::jsonb) e
           JOIN carton_codes c ON c.store_id = e->>0 AND c.code = e->>1""",
        list(codes),
    )
    return {(row[0], row[1]): (row[2], row[3]) for row in rows}


def documents_of(applied: Iterable[Applied], now: datetime) -> list[Statement]:
    """Keep what was applied of documents: new ones, and more lines of those that were resumed."""
    new, extended = [], []
    for document, stated, moves in applied:
        key = (document.store_id, document.thread_id, document.document_id, document.kind)
        if document.resumed:
            extended.append((*key, stated, moves))
        else:
            new.append((*key, document.restock, document.occurred_at, stated, moves, document.day))
    writes = []
    if new:
        writes.append(Statement(_STORE_DOCUMENTS, [new, now]))
    if extended:
        writes.append(Statement(_EXTEND_DOCUMENTS, [extended]))
    return writes


async def park(conn: Connection, parked: Iterable[tuple[Document, SaleLine, str]], now: datetime) -> None:
    rows = [
        (
            d.store_id,
            d.thread_id,
            d.document_id,
            d.kind,
            d.restock,
            d.occurred_at,
            *_columns(line),
            d.currency,
            reason,
        )
        for d, line, reason in parked
    ]
    if rows:
        await conn.execute(_PARK, rows, now)


def _columns(line: SaleLine) -> tuple[Any, ...]:
    price = line.unit_price if 0 <= line.unit_price <= MOST_MONEY else None
    return line.line, line.gtin, line.quantity, line.unit, line.lot, line.code, price


async def take_parked(conn: Connection, gtins: Collection[str], now: datetime) -> list[Document]:
    """Take the lines that waited for these products, as documents in the order in which they were parked.

    A line that is more than stock can hold stays, with that as its reason: it must not keep its product out.
    """
    documents: dict[tuple[Any, ...], Document] = {}
    for row in await conn.fetch(_TAKE_PARKED, list(gtins), now, MAX_STICKS):
        key = (row["store_id"], row["thread_id"], row["document_id"], row["kind"])
        if key not in documents:
            documents[key] = Document(
                kind=row["kind"],
                store_id=row["store_id"],
                thread_id=row["thread_id"],
                document_id=row["document_id"],
                restock=row["restock"],
                occurred_at=row["occurred_at"],
                lines=[],
                currency=row["currency"],
                resumed=True,
            )
        documents[key].lines.append(_parked_line(row))
    return list(documents.values())


def _parked_line(row: Any) -> SaleLine:
    return SaleLine(
        line=row["line"],
        gtin=row["gtin"],
        quantity=row["quantity"],
        unit=row["unit"],
        unit_price=MOST_MONEY + 1 if row["unit_price"] is None else row["unit_price"],
        lot=row["lot"],
        code=row["code"],
    )


async def list_parked(
    conn: Connection, visible: list[str] | None, gtin: str | None, *, after: int, limit: int
) -> list[dict[str, Any]]:
    rows = await conn.fetch(
        """SELECT parked_id, store_id, document_id, kind, line, gtin, quantity, unit, lot, reason,
                  occurred_at, parked_at
           FROM parked_lines
           WHERE applied_at IS NULL AND parked_id > $1 AND ($2::text[] IS NULL OR store_id = ANY($2))
             AND ($3::text IS NULL OR gtin = $3)
           ORDER BY parked_id LIMIT $4""",
        after,
        visible,
        gtin,
        limit,
    )
    return [dict(row) for row in rows]
