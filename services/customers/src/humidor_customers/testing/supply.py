"""For tests: tiers, cycles and strategies made over HTTP."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from humidor_common.ids import uuid7
from humidor_customers.testing.desk import NOON, Desk

SCHEME: dict[str, Any] = {
    "code": "cigarettes",
    "name": "Three tiers",
    "tiers": 3,
    "cadence": "monthly",
    "measures": [
        {"measure": "purchase_value_minor", "weight": 70},
        {"measure": "purchase_sticks", "weight": 30},
    ],
}
MONTH = {"starts_on": "2026-10-01", "ends_on": "2026-10-31"}


async def send_figures(desk: Desk, *rows: tuple[str, str, str, int], expect: int = 200) -> Any:
    """Import figures: customer, measure, day, value."""
    lines = ["retailer_id,measure,begins_on,value", *(",".join(map(str, row)) for row in rows)]
    return await desk.ask(
        "POST",
        "/v1/imports?kind=tier-figures&dry_run=false",
        content="\n".join(lines).encode(),
        headers={"Content-Type": "text/csv"},
        expect=expect,
    )


async def make_scheme(desk: Desk, **changes: Any) -> Any:
    """Draft, lock and publish a scheme."""
    made = await desk.ask("POST", "/v1/tier-schemes", json=SCHEME | changes, expect=201)
    path = f"/v1/tier-schemes/{made['scheme_id']}"
    await desk.ask("POST", f"{path}:lock")
    return await desk.ask("POST", f"{path}:publish", json={"reason": "new year"})


async def put_in_tiers(desk: Desk, tiers: Mapping[str, int], code: str = "cigarettes") -> None:
    """Set the tiers of customers by hand."""
    for retailer_id, tier in tiers.items():
        path = f"/v1/tiers/{code}/{retailer_id}/override"
        await desk.ask("PUT", path, json={"tier": tier, "reason": "for a test", "stays": True})


async def make_cycle(desk: Desk, code: str, week: int) -> UUID:
    """Make an order cycle of the week, straight in the table."""
    cycle_id = uuid7()
    await desk.runtime.pool.execute(
        """INSERT INTO order_cycles (cycle_id, code, starts_on, ends_on, version, created_at, created_by)
           VALUES ($1, $2, date '2026-11-02' + 7 * $3::int, date '2026-11-08' + 7 * $3::int, 1, $4, 't')""",
        cycle_id,
        code,
        week,
        NOON,
    )
    return cycle_id


async def make_strategy(desk: Desk, cycle_id: UUID, lines: Sequence[Any], **changes: Any) -> Any:
    """Draft a strategy with lines."""
    body = {"cycle_id": str(cycle_id), "scheme_code": "cigarettes", "name": "Week"} | changes
    made = await desk.ask("POST", "/v1/strategies", json=body, expect=201)
    path = f"/v1/strategies/{made['strategy_id']}/lines"
    return await desk.ask("PUT", path, json={"lines": list(lines)})
