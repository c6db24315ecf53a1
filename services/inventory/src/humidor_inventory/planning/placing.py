"""Places what is approved of a plan: transfers one way at a time, then orders a few stores at a time."""

from collections.abc import Sequence
from datetime import date, datetime
from itertools import groupby
from typing import Any, NamedTuple
from uuid import UUID

from humidor_common.auth import Principal
from humidor_common.clock import utc_now
from humidor_common.db.failures import TRANSIENT
from humidor_common.db.pool import Connection, Pool
from humidor_common.db.transaction import transaction
from humidor_common.messaging import outbox
from humidor_common.telemetry.logs import get_logger
from humidor_common.web.problems import Problem
from humidor_inventory.movements.transfer_schemas import TransferInput, TransferLine
from humidor_inventory.movements.transfers import create_transfer
from humidor_inventory.orders.approvals import load_limits
from humidor_inventory.orders.placing import place_priced, write_orders
from humidor_inventory.orders.pricing import OrderDraft, OrderLineDraft, PricedOrder, price_orders
from humidor_inventory.orders.rules import judge
from humidor_inventory.planning import queries
from humidor_inventory.planning.reference import load_planned
from humidor_inventory.planning.rules.cutting import Approved, still_wanted, within_supply
from humidor_inventory.replenishment.review import review
from humidor_inventory.stock.service import load_shelves, lock_stores
from humidor_inventory.stock.shelf import Shelves
from humidor_inventory.stores.calendar import load_days
from humidor_inventory.supply.service import READ_SUPPLY

STORES_A_PIECE = 10
LINES_A_TRANSFER = 1000

log = get_logger(__name__)


class Cut(NamedTuple):
    """What of an approved line is ordered after all, and why it is less."""

    line: Any
    sticks: int
    reasons: list[dict[str, Any]]


async def place_piece(pool: Pool) -> bool:
    """Place the next piece of an approved plan in one transaction; False where there is none.

    What cannot be placed stays approved, its plan says why, and approving it again tries again.
    """
    plan: Any = None
    try:
        async with transaction(pool) as conn:
            plan = await conn.fetchrow(queries.TAKE_PLACING)
            if plan is not None:
                await _place_some(conn, plan, now=utc_now())
    except TRANSIENT:
        raise
    except Exception as error:  # a plan that trips over its data must not stop the others
        if plan is None:
            raise
        log.exception("plan not placed", extra={"plan_id": str(plan["plan_id"])})
        await pool.execute(queries.STOP_PLACING, plan["plan_id"], repr(error)[:500])
    return plan is not None


async def _place_some(conn: Connection, plan: Any, *, now: datetime) -> None:
    if way := await conn.fetch(queries.APPROVED_WAY, plan["plan_id"], LINES_A_TRANSFER):
        await _create(conn, plan["plan_id"], way, now=now)
    elif stores := await conn.fetch(queries.APPROVED_STORES, plan["plan_id"], STORES_A_PIECE):
        await _place(conn, plan, [row["store_id"] for row in stores], now=now)
    else:
        await conn.execute(queries.STOP_PLACING, plan["plan_id"], None)


async def _create(conn: Connection, plan_id: UUID, way: Sequence[Any], *, now: datetime) -> None:
    """Make one transfer of all that goes this way; where the goods are gone meanwhile it is dropped."""
    first = way[0]
    principal = Principal(subject=first["approved_by"], kind="user")
    given = TransferInput(
        from_store_id=first["from_store_id"],
        to_store_id=first["to_store_id"],
        lines=[TransferLine(gtin=row["gtin"], quantity=row["quantity_sticks"], unit="stick") for row in way],
        dispatch=first["dispatch"],
        note=f"plan {plan_id}",
    )
    transfer_id, dropped = None, None
    try:
        async with conn.transaction():
            transfer_id = (await create_transfer(conn, principal, given, now=now)).transfer_id
    except Problem as problem:
        dropped = [{"code": problem.code, "detail": problem.detail}]
    await conn.execute(
        queries.SETTLE_WAY,
        plan_id,
        given.from_store_id,
        given.to_store_id,
        "dropped" if dropped else "created",
        transfer_id,
        dropped,
        [row["gtin"] for row in way],
    )


async def _place(conn: Connection, plan: Any, stores: Sequence[str], *, now: datetime) -> None:
    """Order under the stores' locks: what a sale or a person ordered meanwhile is not ordered again."""
    await lock_stores(conn, stores)
    lines = await conn.fetch(queries.APPROVED_LINES, plan["plan_id"], list(stores))
    pairs = [(line["store_id"], line["gtin"]) for line in lines]
    shelves = await load_shelves(conn, pairs)
    today = max((await load_days(conn, stores, now)).values())
    left = await _supply_left(conn, [line["gtin"] for line in lines], (plan["day"], today))
    moving = await load_planned(conn, stores)
    now_at = {
        pair: shelf.available + coming - leaving
        for pair, shelf in shelves.items()
        for coming, leaving in [moving.get(pair, (0, 0))]
    }
    cuts = [_cut(line, now_at[pair], left) for line, pair in zip(lines, pairs, strict=True)]
    groups = [
        list(group)
        for _, group in groupby(
            (each for each in cuts if each.sticks > 0),
            key=lambda each: (each.line["store_id"], each.line["supplier_id"], each.line["approved_by"]),
        )
    ]
    orders = await price_orders(conn, [_draft(plan["plan_id"], group) for group in groups], now=now)
    await _write(conn, plan, list(zip(orders, groups, strict=True)), shelves, now=now)
    order_of = {
        (each.line["store_id"], each.line["gtin"]): order.purchase_order_id
        for order, group in zip(orders, groups, strict=True)
        for each in group
    }
    await conn.execute(queries.SETTLE_LINES, plan["plan_id"], [_settled(each, order_of) for each in cuts])
    after = await load_shelves(conn, pairs)
    await review(conn, [shelf for shelf in after.values() if shelf.needs_review], now=now)


async def _write(
    conn: Connection,
    plan: Any,
    orders: Sequence[tuple[PricedOrder, list[Cut]]],
    shelves: Shelves,
    *,
    now: datetime,
) -> None:
    """Place what the approver may approve; what is beyond that waits as an order for somebody who may."""
    limits = await load_limits(conn)
    by: dict[tuple[str, str], list[PricedOrder]] = {}
    for order, group in orders:
        first = group[0].line
        own = plan["requested_by"] == first["approved_by"]
        found = judge(limits, first["approver_roles"], (order.currency, order.value_minor), own=own)
        by.setdefault((found, first["approved_by"]), []).append(order)
        if found != "approved":
            for each in group:
                each.reasons.append({"code": "order_needs_approval", "verdict": found})
    for (judged, subject), some in sorted(by.items(), key=lambda each: each[0]):
        if judged == "approved":
            told = await place_priced(conn, some, placed_by=subject, now=now, shelves=shelves)
            await outbox.append(conn, told)
        else:
            await write_orders(conn, some, state="pending_approval", by=subject, now=now)


def _cut(line: Any, position: int, left: dict[str, int]) -> Cut:
    """Order what is still wanted and there; `left` of limited supplies is lowered by what is taken."""
    approved = Approved(
        order=line["order_sticks"],
        multiple=line["inputs"]["order_multiple_sticks"],
        minimum=line["inputs"]["minimum_order_sticks"],
        reorder_point=line["inputs"]["reorder_point_sticks"],
        planned_from=line["planned_from"],
        position=position,
    )
    sticks = still_wanted(approved)
    reasons = [{"code": "position_rose", "risen_sticks": approved.risen}] if approved.risen else []
    supply = left.get(line["gtin"])
    if supply is not None:
        allowed = within_supply(approved, sticks, supply)
        if allowed < sticks:
            reasons.append({"code": "supply_used_up", "left_sticks": supply})
        left[line["gtin"]] = supply - allowed
        sticks = allowed
    return Cut(line, sticks, reasons)


async def _supply_left(conn: Connection, gtins: Sequence[str], days: tuple[date, date]) -> dict[str, int]:
    """Lock the supplies that are limited on the plan's day or today, and read what is left of them."""
    named = sorted(set(gtins))
    await conn.execute("SELECT FROM supplies WHERE gtin = ANY($1::text[]) ORDER BY gtin FOR UPDATE", named)
    rows = await conn.fetch(
        READ_SUPPLY + "WHERE s.gtin = ANY($1::text[]) AND s.valid_from <= $3 AND s.valid_until >= $2",
        named,
        min(days),
        max(days),
    )
    return {row["gtin"]: row["left_sticks"] for row in rows}


def _draft(plan_id: UUID, group: Sequence[Cut]) -> OrderDraft:
    first = group[0].line
    return OrderDraft(
        store_id=first["store_id"],
        supplier_id=first["supplier_id"],
        lines=[
            OrderLineDraft(
                gtin=each.line["gtin"],
                quantity_sticks=each.sticks,
                replenishment_id=each.line["replenishment_id"],
            )
            for each in group
        ],
        plan_id=plan_id,
    )


def _settled(each: Cut, order_of: dict[tuple[str, str], UUID]) -> tuple[Any, ...]:
    key = (each.line["store_id"], each.line["gtin"])
    state = "ordered" if each.sticks else "dropped"
    return (*key, state, each.sticks, order_of.get(key), each.reasons or None)
