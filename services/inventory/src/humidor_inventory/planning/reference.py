"""What a piece of a plan has to know besides its stores: products, order cycles, limited supply, lanes."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from humidor_common.db.pool import Connection
from humidor_inventory.planning import queries
from humidor_inventory.planning.rules.joining import Cycle
from humidor_inventory.planning.rules.transferring import Lane
from humidor_inventory.planning.terms import Plan
from humidor_inventory.supply.service import READ_SUPPLY

ANY_DAY = Cycle()


class Product(NamedTuple):
    """What a plan needs to know of a product."""

    gtin: str
    supplier_id: str | None
    carton_sticks: int
    lead_time_days: float
    minor_per_stick: float
    currency: str | None


class Limited(NamedTuple):
    """What is left of a limited supply, and the rule by which it is shared."""

    left: int
    rule: str


class Terms(NamedTuple):
    """A supplier's order cycle, what delivering a carton costs, and the currency of these amounts."""

    cycle: Cycle
    delivery_minor_per_carton: int
    currency: str | None


async def load_products(conn: Connection, plan: Plan) -> dict[str, Product]:
    """Load the products that the plan is about, at the prices of its day."""
    rows = await conn.fetch(queries.PRODUCTS, plan.terms.supplier_ids, plan.day)
    return {row["gtin"]: Product(*row.values()) for row in rows}


async def load_cycles(conn: Connection) -> dict[str, Terms]:
    rows = await conn.fetch(
        "SELECT c.*, s.currency FROM supplier_cycles c JOIN suppliers s USING (supplier_id)"
    )
    return {row["supplier_id"]: _cycle(row) for row in rows}


async def load_limited(conn: Connection, plan: Plan) -> dict[str, Limited]:
    """Load the supplies that are limited on the day of the plan."""
    rows = await conn.fetch(READ_SUPPLY + "WHERE $1 BETWEEN s.valid_from AND s.valid_until", plan.day)
    return {row["gtin"]: Limited(row["left_sticks"], row["rule"]) for row in rows}


async def load_lanes(conn: Connection, plan: Plan) -> list[Lane]:
    """Load the lanes between stores of the plan."""
    if not plan.terms.transfers:
        return []
    rows = await conn.fetch(
        """SELECT l.from_store_id, l.to_store_id, l.minor_per_carton, l.fixed_minor, l.days
           FROM lanes l JOIN stores f ON f.store_id = l.from_store_id
           JOIN stores t ON t.store_id = l.to_store_id
           WHERE f.status = 'open' AND t.status = 'open'
             AND ($1::text[] IS NULL OR (l.from_store_id = ANY($1) AND l.to_store_id = ANY($1)))
             AND ($2::text IS NULL OR (f.time_zone = $2 AND t.time_zone = $2))
           ORDER BY l.from_store_id, l.to_store_id""",
        plan.terms.store_ids,
        plan.time_zone,
    )
    return [Lane(**row) for row in rows]


async def load_planned(conn: Connection, stores: Sequence[str]) -> dict[tuple[str, str], tuple[int, int]]:
    """Load what is planned to come to and to leave each store, or waits for an approval, by product."""
    found: dict[tuple[str, str], tuple[int, int]] = {}
    for store_id, gtin, coming, leaving in await conn.fetch(queries.PLANNED, list(stores)):
        before = found.get((store_id, gtin), (0, 0))
        found[store_id, gtin] = (before[0] + coming, before[1] + leaving)
    return found


async def load_priorities(conn: Connection) -> dict[str, int]:
    return {row[0]: row[1] for row in await conn.fetch("SELECT store_id, priority FROM store_priorities")}


def _cycle(row: Any) -> Terms:
    cycle = Cycle(
        weekdays=tuple(row["order_weekdays"]),
        minimum_minor=row["minimum_value_minor"],
        minimum_sticks=row["minimum_sticks"],
        top_up=row["below_minimum"] == "top_up",
        top_up_days=row["top_up_days"],
    )
    return Terms(cycle, row["delivery_minor_per_carton"], row["currency"])
