"""Reads the units of products, and guards them against a change under way."""

from collections.abc import Collection

from humidor_common.db.pool import Connection
from humidor_inventory.units.rules import Factors, Unit

# Whoever turns units into sticks, or parks what nobody has registered, holds it shared (`lock_stores` does
# that), so that a registration cannot slip in between the look and the deed.
CATALOGUE_LOCK = 7_301_001


async def change_catalogue(conn: Connection) -> None:
    """Wait until nobody holds the catalogue, and keep others from doing so; first of all locks."""
    await conn.execute("SELECT pg_advisory_xact_lock($1)", CATALOGUE_LOCK)


async def load_factors(conn: Connection, gtins: Collection[str]) -> dict[str, Factors]:
    """Load the factors of those products that are registered."""
    rows = await conn.fetch(
        """SELECT gtin, sticks_per_pack, packs_per_carton, cartons_per_case
           FROM products WHERE gtin = ANY($1::text[])""",
        list(gtins),
    )
    return {row[0]: Factors.of(row[1], row[2], row[3]) for row in rows}


async def load_unit_gtins(conn: Connection, gtins: Collection[str]) -> dict[str, tuple[str, Unit]]:
    """Load what those of them stand for that are a unit's own: {GTIN: (product, unit)}."""
    rows = await conn.fetch(
        "SELECT unit_gtin, gtin, unit FROM unit_gtins WHERE unit_gtin = ANY($1::text[])", list(gtins)
    )
    return {row[0]: (row[1], row[2]) for row in rows}
