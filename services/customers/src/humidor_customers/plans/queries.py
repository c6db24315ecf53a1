"""Statements over order plans and what they rest on."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from humidor_common.db.pool import Connection
from humidor_customers.orders.rules import STANDING
from humidor_customers.plans.schemas import PlanLine, PlanView

CYCLES = 13
"""How many cycles back demand is looked for: a quarter of a year of weeks."""

_REQUESTED = """
WITH past AS (
    SELECT cycle_id, row_number() OVER (ORDER BY starts_on) - 1 AS n FROM (
        SELECT cycle_id, starts_on FROM order_cycles
        WHERE starts_on < (SELECT starts_on FROM order_cycles WHERE cycle_id = $2)
        ORDER BY starts_on DESC LIMIT $3) latest
)
SELECT l.gtin, p.n, sum(l.requested_sticks)::bigint
FROM past p JOIN orders o USING (cycle_id) JOIN order_lines l USING (order_id)
WHERE o.retailer_id = $1 AND o.state = ANY($4::text[])
GROUP BY 1, 2
"""
_ON_ORDER = """
SELECT l.gtin, sum(coalesce(l.reserved_sticks, l.ordered_sticks))::bigint
FROM orders o JOIN order_lines l USING (order_id)
WHERE o.retailer_id = $1 AND o.state IN ('confirmed', 'reserved', 'dispatched') GROUP BY 1
"""
_FORECASTS = """
SELECT f.gtin, sum(f.mean_per_day) FROM retailer_stores s JOIN demand_forecasts f USING (store_id)
WHERE s.retailer_id = $1 AND f.ends_on >= $2 GROUP BY 1
"""


async def past_cycles(conn: Connection, cycle_id: UUID) -> int:
    """Count the cycles before one, as many as are looked at."""
    found: int = await conn.fetchval(
        """SELECT count(*) FROM (SELECT FROM order_cycles WHERE starts_on <
               (SELECT starts_on FROM order_cycles WHERE cycle_id = $1) LIMIT $2) p""",
        cycle_id,
        CYCLES,
    )
    return found


async def requested(conn: Connection, retailer_id: str, cycle_id: UUID) -> dict[str, dict[int, int]]:
    """Give what a customer wanted of each product in each of the past cycles, numbered from the oldest."""
    found: dict[str, dict[int, int]] = {}
    rows = await conn.fetch(_REQUESTED, retailer_id, cycle_id, CYCLES, sorted(STANDING))
    for gtin, n, sticks in rows:
        found.setdefault(gtin, {})[n] = sticks
    return found


async def on_order(conn: Connection, retailer_id: str) -> dict[str, int]:
    """Give what is on the way to a customer."""
    return {row[0]: row[1] for row in await conn.fetch(_ON_ORDER, retailer_id)}


async def forecasts(conn: Connection, retailer_id: str, today: date) -> dict[str, float]:
    """Give what forecasts say that a customer's stores sell a day, as long as they last."""
    return {row[0]: row[1] for row in await conn.fetch(_FORECASTS, retailer_id, today)}


async def keep_forecasts(conn: Connection, rows: Sequence[tuple[Any, ...]]) -> None:
    """Keep the newest forecast of each store and product, whatever the order they come in."""
    await conn.execute(
        """INSERT INTO demand_forecasts (store_id, gtin, issued_at, starts_on, ends_on, mean_per_day)
           SELECT e->>0, e->>1, (e->>2)::timestamptz, (e->>3)::date, (e->>4)::date, (e->>5)::float8
           FROM jsonb_array_elements($1::jsonb) e ORDER BY 1, 2
           ON CONFLICT (store_id, gtin) DO UPDATE
           SET issued_at = excluded.issued_at, starts_on = excluded.starts_on, ends_on = excluded.ends_on,
               mean_per_day = excluded.mean_per_day
           WHERE demand_forecasts.issued_at < excluded.issued_at""",
        rows,
    )


_TERMS = ("review_days", "lead_time_days", "service_target", "budget_minor", "left_out")


async def write(conn: Connection, plan: PlanView) -> None:
    await conn.execute(
        """INSERT INTO retailer_plans (plan_id, retailer_id, cycle_id, terms, lines, currency, value_minor,
                                       order_id, made_at, made_by)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)""",
        plan.plan_id,
        plan.retailer_id,
        plan.cycle_id,
        plan.model_dump(include=set(_TERMS)),
        [line.model_dump() for line in plan.lines],
        plan.currency,
        plan.value_minor,
        plan.order_id,
        plan.made_at,
        plan.made_by,
    )


async def lock(conn: Connection, plan_id: UUID) -> None:
    await conn.execute("SELECT FROM retailer_plans WHERE plan_id = $1 FOR UPDATE", plan_id)


async def read(conn: Connection, plan_id: UUID) -> PlanView | None:
    row = await conn.fetchrow("SELECT * FROM retailer_plans WHERE plan_id = $1", plan_id)
    return None if row is None else _view(row)


async def page(conn: Connection, retailer_id: str, *, before: UUID, limit: int) -> list[PlanView]:
    rows = await conn.fetch(
        """SELECT * FROM retailer_plans WHERE retailer_id = $1 AND plan_id < $2
           ORDER BY plan_id DESC LIMIT $3""",
        retailer_id,
        before,
        limit,
    )
    return [_view(row) for row in rows]


async def mark_confirmed(conn: Connection, plan_id: UUID, order_id: UUID) -> None:
    await conn.execute("UPDATE retailer_plans SET order_id = $2 WHERE plan_id = $1", plan_id, order_id)


def _view(row: Any) -> PlanView:
    values = {name: value for name, value in row.items() if name not in ("terms", "lines")}
    return PlanView(**values, **row["terms"], lines=[PlanLine(**line) for line in row["lines"]])
