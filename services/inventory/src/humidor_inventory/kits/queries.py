"""Statements over kits, and over what is in the kits of a lot."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from humidor_common.db.pool import Connection
from humidor_inventory.kits.rules import Part
from humidor_inventory.kits.schemas import AssemblyView, KitView

_ADD_PARTS = """
INSERT INTO kit_parts AS p (kit_gtin, kit_lot, gtin, lot, sticks, production_date, expiry_date)
SELECT $1, $2, e->>0, e->>1, (e->>2)::bigint, (e->>3)::date, (e->>4)::date
FROM jsonb_array_elements($3::jsonb) e
ON CONFLICT (kit_gtin, kit_lot, gtin, lot) DO UPDATE SET sticks = p.sticks + excluded.sticks
"""
_TAKE_PARTS = """
UPDATE kit_parts p SET sticks = greatest(p.sticks - (e->>2)::bigint, 0)
FROM jsonb_array_elements($3::jsonb) e
WHERE p.kit_gtin = $1 AND p.kit_lot = $2 AND p.gtin = e->>0 AND p.lot = e->>1
"""


async def load_kit(conn: Connection, gtin: str) -> KitView | None:
    row = await conn.fetchrow("SELECT * FROM kits WHERE gtin = $1", gtin)
    return None if row is None else KitView(**row)


async def list_kits(conn: Connection, *, after: str, limit: int) -> list[KitView]:
    rows = await conn.fetch("SELECT * FROM kits WHERE gtin > $1 ORDER BY gtin LIMIT $2", after, limit)
    return [KitView(**row) for row in rows]


async def store_kit(conn: Connection, kit: KitView) -> None:
    await conn.execute(
        """INSERT INTO kits (gtin, components, version, changed_at) VALUES ($1, $2, $3, $4)
           ON CONFLICT (gtin) DO UPDATE SET components = $2, version = $3, changed_at = $4""",
        kit.gtin,
        [component.model_dump() for component in kit.components],
        kit.version,
        kit.changed_at,
    )


async def delete_kit(conn: Connection, gtin: str) -> None:
    await conn.execute("DELETE FROM kits WHERE gtin = $1", gtin)


async def kits_about(conn: Connection, gtin: str) -> bool:
    """Tell whether kits of this product stand or are on their way anywhere."""
    found: bool = await conn.fetchval(
        """SELECT EXISTS (SELECT FROM stock WHERE gtin = $1 AND (on_hand_sticks <> 0
              OR quarantined_sticks <> 0 OR reserved_sticks <> 0 OR on_order_sticks <> 0))""",
        gtin,
    )
    return found


async def nested(conn: Connection, gtin: str, components: Iterable[str]) -> tuple[set[str], bool]:
    """Tell which of the components are kits themselves, and whether the kit is a component of another."""
    kits = await conn.fetch("SELECT gtin FROM kits WHERE gtin = ANY($1::text[])", list(components))
    inside: bool = await conn.fetchval(
        "SELECT EXISTS (SELECT FROM kits WHERE components @> $1)", [{"gtin": gtin}]
    )
    return {row[0] for row in kits}, inside


async def lock_parts(conn: Connection, gtin: str, lot: str) -> list[Part]:
    """Read what is in the kits of a lot, in whatever stores they are, and keep others from taking it."""
    rows = await conn.fetch(
        """SELECT gtin, lot, sticks, production_date, expiry_date FROM kit_parts
           WHERE kit_gtin = $1 AND kit_lot = $2 ORDER BY gtin, lot FOR UPDATE""",
        gtin,
        lot,
    )
    return [Part(*row) for row in rows]


async def change_parts(conn: Connection, kit: tuple[str, str], parts: Sequence[Part], *, added: bool) -> None:
    rows = sorted((p.gtin, p.lot, p.sticks, p.production_date, p.expiry_date) for p in parts)
    await conn.execute(_ADD_PARTS if added else _TAKE_PARTS, *kit, rows)


async def store_assembly(conn: Connection, view: AssemblyView) -> None:
    await conn.execute(
        """INSERT INTO assemblies (assembly_id, kind, store_id, gtin, lot, kits, quantity_sticks, parts, note,
                                   assembled_at, assembled_by)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)""",
        *(view.model_dump() | {"parts": [part.model_dump(mode="json") for part in view.parts]}).values(),
    )


async def list_assemblies(
    conn: Connection, visible: list[str] | None, gtin: str | None, *, after: UUID | None, limit: int
) -> list[AssemblyView]:
    conditions = {"store_id = ANY(${}::text[])": visible, "gtin = ${}": gtin, "assembly_id > ${}": after}
    given = [(text, value) for text, value in conditions.items() if value is not None]
    where = " AND ".join(["true", *(text.format(n) for n, (text, _) in enumerate(given, 2))])
    statement = f"SELECT * FROM assemblies WHERE {where} ORDER BY assembly_id LIMIT $1"  # noqa: S608 - our own text
    rows: list[Any] = await conn.fetch(statement, limit, *(value for _, value in given))
    return [AssemblyView(**row) for row in rows]
