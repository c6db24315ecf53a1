"""What a strategy and its sharing mean for one customer."""

from typing import Literal
from uuid import UUID

from pydantic import BaseModel

from humidor_common.db.pool import Connection
from humidor_common.web.problems import not_found
from humidor_customers.allocation import queries, runs
from humidor_customers.allocation.caps import caps_of
from humidor_customers.allocation.explaining import ShareView, explain
from humidor_customers.allocation.service import get_strategy


class CapView(BaseModel):
    """What a customer may order of a product in a cycle, in sticks; null is no cap."""

    gtin: str
    price_segment: str | None
    cap_sticks: int | None


class OwnCapsView(BaseModel):
    """What a customer may order in a cycle: of each product, and of each price segment together."""

    cycle_id: UUID
    strategy_id: UUID | None
    unlisted: Literal["free", "refused"]
    products: list[CapView]
    segments: dict[str, int | None]


async def own_caps(conn: Connection, cycle_id: UUID, retailer_id: str) -> OwnCapsView:
    """Read a customer's caps of a cycle.

    Raises:
        Problem: 404 for a cycle that is not known.
    """
    if not await queries.knows_cycle(conn, cycle_id):
        raise not_found("order cycle", cycle_id)
    caps = await caps_of(conn, cycle_id, [retailer_id])
    return OwnCapsView(
        cycle_id=cycle_id,
        strategy_id=caps.strategy_id,
        unlisted="free" if caps.unlisted is None else "refused",
        products=[
            CapView(gtin=gtin, price_segment=caps.segment_of.get(gtin), cap_sticks=cap)
            for gtin, cap in sorted(caps.products.get(retailer_id, {}).items())
        ],
        segments=dict(caps.segments.get(retailer_id, {})),
    )


async def own_shares(
    conn: Connection, cycle_id: UUID, retailer_id: str, *, after: str, limit: int
) -> list[ShareView]:
    """Explain what a customer gets in a cycle.

    Raises:
        Problem: 404 where the cycle is not shared.
    """
    run = await runs.in_force(conn, cycle_id)
    if run is None:
        raise not_found("sharing of the cycle", cycle_id)
    strategy = await get_strategy(conn, run.strategy_id)
    rows = await runs.shares_of(conn, run.run_id, [retailer_id], after=after, limit=limit)
    return [explain(dict(row), run.rule, run.supply, strategy.carton_sticks) for row in rows]
