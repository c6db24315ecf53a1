"""Calculates open plans piece by piece: a piece is a transaction, so a worker may die between any two."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime
from time import monotonic
from typing import NamedTuple
from uuid import UUID

from humidor_common.clock import utc_now
from humidor_common.db.failures import DATABASE_ERRORS, TRANSIENT
from humidor_common.db.pool import Connection, Pool
from humidor_common.db.transaction import transaction
from humidor_common.runtime import Runtime
from humidor_common.telemetry.logs import get_logger
from humidor_inventory.planning import queries
from humidor_inventory.planning.balancing import plan_transfers, share_supplies
from humidor_inventory.planning.orders import join_lines
from humidor_inventory.planning.placing import place_piece
from humidor_inventory.planning.reference import load_cycles, load_lanes, load_limited, load_products
from humidor_inventory.planning.schedule import open_scheduled
from humidor_inventory.planning.terms import Line, Plan
from humidor_inventory.policies.recalculation import recalculate

EVERY_SECONDS = 1.0
SCHEDULE_SECONDS = 20.0
STORES_A_PIECE = 50
POLICIES_A_PIECE = 500
PRODUCTS_A_PIECE = 10

log = get_logger(__name__)


class Progress(NamedTuple):
    """Where a plan stands after a piece."""

    step: str
    after_key: str = ""
    stores: int = 0
    series: int = 0
    balances: bool | None = None


async def run_plans(runtime: Runtime) -> None:
    """Open what is scheduled, calculate what is open, place what is approved, until cancelled."""
    looked = -SCHEDULE_SECONDS
    while True:
        try:
            if monotonic() - looked >= SCHEDULE_SECONDS:
                await open_scheduled(runtime.pool, now=utc_now())
                looked = monotonic()
            working = True
            while working:
                # What people have approved does not wait for a long plan to be calculated.
                placed = await place_piece(runtime.pool)
                if placed:
                    runtime.wake_relay()
                working = await calculate_piece(runtime.pool) or placed
        except DATABASE_ERRORS as error:
            log.warning("planning failed, trying again", extra={"error": repr(error)})
        await asyncio.sleep(EVERY_SECONDS)


async def calculate_piece(pool: Pool) -> bool:
    """Calculate the next piece of a plan that nobody else is at; False where there is none.

    What cannot be calculated fails the plan with its reason and holds up no other.
    """
    taken: UUID | None = None
    try:
        async with transaction(pool) as conn:
            row = await conn.fetchrow(queries.TAKE_OPEN)
            if row is None:
                return False
            taken = row["plan_id"]
            plan = Plan.of(row)
            now = utc_now()
            progress = await _STEPS[plan.step](conn, plan, now)
            await _move_on(conn, plan, progress, now)
    except TRANSIENT:
        if taken is not None:
            with suppress(*DATABASE_ERRORS):
                await pool.execute(queries.STEP_BACK, taken)
        raise
    except Exception as error:  # a plan that trips over its data must not stop the others
        if taken is None:
            raise
        log.exception("plan failed", extra={"plan_id": str(taken)})
        await pool.execute(queries.FAIL, taken, repr(error)[:500])
    return True


async def _move_on(conn: Connection, plan: Plan, progress: Progress, now: datetime) -> None:
    balances = plan.balances if progress.balances is None else progress.balances
    figures = (progress.stores, progress.series, balances, now)
    await conn.execute(queries.MOVE_ON, plan.plan_id, progress.step, progress.after_key, *figures)
    if progress.step == "done":
        summary = dict(await conn.fetchrow(queries.SUMMARY, plan.plan_id) or {})
        await conn.execute(queries.FINISH, plan.plan_id, summary, now)


async def _levels(conn: Connection, plan: Plan, now: datetime) -> Progress:
    """Calculate the policies whose demand is the history, once a day and not for a dry run."""
    after = tuple(plan.after_key.split("/", 1)) if plan.after_key else ("", "")
    whose = (plan.day, plan.terms.store_ids, plan.time_zone, POLICIES_A_PIECE, now)
    if not plan.dry_run and (rows := await conn.fetch(queries.HISTORIES, *after, *whose)):
        await recalculate(conn, [(row[0], row[1]) for row in rows], now=now)
        return Progress("levels", f"{rows[-1][0]}/{rows[-1][1]}")
    balances = bool(await load_limited(conn, plan)) or bool(await load_lanes(conn, plan))
    return Progress("needs", balances=balances)


async def _needs(conn: Connection, plan: Plan, now: datetime) -> Progress:
    # numpy is read by the first plan of a process, not by every process that starts.
    from humidor_inventory.planning.figures import Reading, read_lines

    stores = await conn.fetch(
        queries.STORES, plan.after_key, plan.terms.store_ids, plan.time_zone, STORES_A_PIECE
    )
    if not stores:
        return Progress("transfers" if plan.balances else "done")
    lanes = await load_lanes(conn, plan) if plan.balances else []
    named = [row["store_id"] for row in stores]
    reading = Reading(
        named,
        {row["store_id"] for row in stores if row["kind"] == "warehouse"},
        {lane.from_store_id for lane in lanes} & set(named),
        await load_products(conn, plan),
        await load_cycles(conn),
    )
    lines, series = await read_lines(conn, plan, reading, now)
    if not plan.balances:
        lines = join_lines(plan, lines, reading.products, reading.cycles)
    await conn.execute(queries.ADD_LINES, plan.plan_id, [line.row() for line in lines])
    return Progress("needs", named[-1], len(named), series)


async def _transfers(conn: Connection, plan: Plan, _: datetime) -> Progress:
    await plan_transfers(conn, plan)
    return Progress("shares")


async def _shares(conn: Connection, plan: Plan, _: datetime) -> Progress:
    limited = [gtin for gtin in sorted(await load_limited(conn, plan)) if gtin > plan.after_key]
    piece = limited[:PRODUCTS_A_PIECE]
    if not piece:
        return Progress("join")
    await share_supplies(conn, plan, piece)
    return Progress("shares", piece[-1])


async def _join(conn: Connection, plan: Plan, _: datetime) -> Progress:
    stores = await conn.fetch(
        queries.STORES, plan.after_key, plan.terms.store_ids, plan.time_zone, STORES_A_PIECE
    )
    if not stores:
        return Progress("done")
    named = [row["store_id"] for row in stores]
    rows = await conn.fetch(queries.LINES_OF_STORES, plan.plan_id, named)
    products = await load_products(conn, plan)
    limited = await load_limited(conn, plan)
    lines = [Line.of(row) for row in rows if row["gtin"] in products]
    before = [line.stands for line in lines]
    join_lines(plan, lines, products, await load_cycles(conn), limited)
    changed = [line for line, stood in zip(lines, before, strict=True) if line.stands != stood]
    await conn.execute(queries.CHANGE_LINES, plan.plan_id, [line.change() for line in changed])
    await conn.execute(queries.DROP_SPARE, plan.plan_id, named)
    return Progress("join", named[-1])


_STEPS: dict[str, Callable[[Connection, Plan, datetime], Awaitable[Progress]]] = {
    "levels": _levels,
    "needs": _needs,
    "transfers": _transfers,
    "shares": _shares,
    "join": _join,
}
