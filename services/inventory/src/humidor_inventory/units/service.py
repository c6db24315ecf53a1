"""Turns the item number of a carton or case into the product and unit that it stands for."""

from collections.abc import Iterable, Mapping
from typing import Protocol

from humidor_common.db.pool import Connection
from humidor_common.web.problems import invalid
from humidor_inventory.units.queries import load_unit_gtins
from humidor_inventory.units.rules import Unit


class Scanned(Protocol):
    """What a caller sends of goods; whether the unit was said shows in `model_fields_set`."""

    gtin: str
    unit: Unit

    @property
    def model_fields_set(self) -> set[str]: ...


async def resolve_units(conn: Connection, lines: Iterable[tuple[str, Scanned]]) -> None:
    """Give each line that names a unit's GTIN its product and unit, in place.

    `lines` come with where they stand: `lines[0].`, or nothing. The caller holds the catalogue.

    Raises:
        Problem: 422 naming `unit` where the line says another unit than its GTIN.
    """
    given = list(lines)
    known = await load_unit_gtins(conn, {line.gtin for _, line in given})
    for place, line in given:
        if not resolve_unit(line, known):
            raise invalid(f"{place}unit", f"the GTIN {line.gtin} is that of a {known[line.gtin][1]}")


def resolve_unit(line: Scanned, known: Mapping[str, tuple[str, Unit]]) -> bool:
    """Give a line its product and unit; False, and nothing changed, where it says another unit."""
    if line.gtin not in known:
        return True
    gtin, unit = known[line.gtin]
    if "unit" in line.model_fields_set and line.unit != unit:
        return False
    line.gtin, line.unit = gtin, unit
    return True
