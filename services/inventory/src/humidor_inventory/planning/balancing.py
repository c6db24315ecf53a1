"""The steps between: transfers before buying where cheaper, limited supply shared among the stores."""

import asyncio
from collections.abc import Sequence
from itertools import groupby
from typing import Any

from humidor_common import sharing
from humidor_common.db.pool import Connection
from humidor_common.sharing import Claim
from humidor_inventory.planning import queries
from humidor_inventory.planning.reference import (
    Limited,
    Product,
    Terms,
    load_cycles,
    load_lanes,
    load_limited,
    load_priorities,
    load_products,
)
from humidor_inventory.planning.rules import optimal, transferring
from humidor_inventory.planning.rules.transferring import Move, Problem, Surplus, Want
from humidor_inventory.planning.terms import Line, Plan

MOST_EXACT_STORES = 200


async def plan_transfers(conn: Connection, plan: Plan) -> None:
    """Move surplus along the lanes where that is cheaper than buying, or where there is too little to buy."""
    lanes = await load_lanes(conn, plan)
    if not lanes:
        return
    products = await load_products(conn, plan)
    cycles = await load_cycles(conn)
    scarce = await _scarce(conn, plan, await load_limited(conn, plan))
    stores = sorted({end for lane in lanes for end in (lane.from_store_id, lane.to_store_id)})
    lines = [Line.of(row) for row in await conn.fetch(queries.MOVABLE_LINES, plan.plan_id, stores)]
    wants = {
        (line.store_id, line.gtin): _want(plan, line, (products[line.gtin], cycles), scarce) for line in lines
    }
    spare = await _spare(conn, plan, lines, products)
    problem = Problem(lanes=lanes, wants={p: w for p, w in wants.items() if w.cartons > 0}, spare=spare)
    moves, said = await asyncio.to_thread(solve, plan, problem)
    await _write_moves(conn, plan, (lines, moves, said), products)


def solve(plan: Plan, problem: Problem) -> tuple[list[Move], dict[str, Any]]:
    """The better of the greedy answer and, where asked for and small enough, that of HiGHS."""
    moves = transferring.solve(problem)
    greedy = transferring.net_saving(moves, problem.lanes)
    said: dict[str, Any] = {"method": "greedy", "saving_minor": greedy}
    if plan.terms.solver == "greedy" or not moves:
        return moves, said
    found = optimal.solve_transfers(problem, seconds=plan.terms.solver_seconds)
    if found is None:
        return moves, said | {"fallback": "too large or not solved in time"}
    best = transferring.net_saving(found[0], problem.lanes)
    if best < greedy:
        return moves, said | {"fallback": "stopped by the clock below the greedy answer"}
    return found[0], {
        "method": "optimal",
        "saving_minor": best,
        "greedy_minor": greedy,
        "gap": round(found[1], 6),
    }


async def share_supplies(conn: Connection, plan: Plan, gtins: Sequence[str]) -> None:
    """Share what is limited of these products among the stores that ask for it, and say what each lacks."""
    limited = await load_limited(conn, plan)
    priorities = await load_priorities(conn)
    rows = await conn.fetch(queries.LINES_OF_PRODUCTS, plan.plan_id, list(gtins))
    lines = [line for line in map(Line.of, rows) if line.state in {"order", "short"}]
    changed = await asyncio.to_thread(_share_all, lines, limited, priorities)
    await conn.execute(queries.CHANGE_LINES, plan.plan_id, [line.change() for line in changed])


def _share_all(lines: Sequence[Line], limited: dict[str, Limited], priorities: dict[str, int]) -> list[Line]:
    changed: list[Line] = []
    for gtin, group in groupby(lines, key=lambda line: line.gtin):
        asking = [line for line in group if line.order > 0]
        if gtin in limited and sum(line.order for line in asking) > limited[gtin].left:
            _share(asking, limited[gtin], priorities)
            changed += asking
    return changed


def _share(lines: Sequence[Line], limited: Limited, priorities: dict[str, int]) -> None:
    claims = [
        Claim(
            claimant=line.store_id,
            asked=line.order,
            multiple=int(line.inputs["order_multiple_sticks"]),
            minimum=int(line.inputs["minimum_order_sticks"]),
            priority=priorities.get(line.store_id, 100),
        )
        for line in lines
    ]
    shares = shares_of(limited, claims)
    total = sum(claim.asked for claim in claims)
    for line, claim in zip(lines, claims, strict=True):
        given = shares[line.store_id]
        line.order, line.shortfall = given, line.shortfall + claim.asked - given
        if given < claim.asked:
            line.reasons.append(
                {
                    "code": "limited_supply",
                    "rule": limited.rule,
                    "supply_sticks": limited.left,
                    "asked_by_all_sticks": total,
                    "asked_sticks": claim.asked,
                    "given_sticks": given,
                    "priority": claim.priority,
                }
            )
        if given == 0:
            line.state = "transfer" if line.transfer > 0 else "short"


def shares_of(limited: Limited, claims: Sequence[Claim]) -> sharing.Shares:
    """Share among so many that nobody is given less than their minimum order."""
    staying = [claim for claim in claims if claim.least <= limited.left]
    while True:
        shares = _rounded(limited, staying)
        left = sharing.leave_out(staying, shares)
        if len(left) == len(staying):
            return dict.fromkeys((claim.claimant for claim in claims), 0) | shares
        staying = left


def _rounded(limited: Limited, claims: Sequence[Claim]) -> sharing.Shares:
    """Equal multiples are rounded exactly by the rule itself; different ones by HiGHS where there are few."""
    if len({claim.multiple for claim in claims}) > 1 and len(claims) <= MOST_EXACT_STORES:
        exact = optimal.round_shares(limited.left, claims, limited.rule)
        if exact is not None:
            return exact
    return sharing.share(limited.left, claims, limited.rule)


async def _scarce(conn: Connection, plan: Plan, limited: dict[str, Limited]) -> set[str]:
    rows = await conn.fetch(queries.NEEDED, plan.plan_id, sorted(limited)) if limited else []
    return {gtin for gtin, needed in rows if needed > limited[gtin].left}


def _want(plan: Plan, line: Line, known: tuple[Product, dict[str, Terms]], scarce: set[str]) -> Want:
    product, cycles = known
    terms = cycles.get(line.supplier_id or "")
    delivery = terms.delivery_minor_per_carton if terms else 0
    lacking = line.gtin in scarce or line.shortfall > 0
    return Want(
        cartons=line.need // product.carton_sticks,
        buy_minor=max(delivery, plan.terms.shortage_minor_per_carton) if lacking else delivery,
        lead_days=product.lead_time_days,
        waiting_minor_per_day=plan.terms.waiting_minor_per_carton_day,
    )


async def _spare(
    conn: Connection, plan: Plan, lines: Sequence[Line], products: dict[str, Product]
) -> dict[transferring.Place, Surplus]:
    giving = [line for line in lines if line.surplus > 0]
    keys = [(line.store_id, line.gtin) for line in giving]
    expiries = {row["n"]: row["expires_on"] for row in await conn.fetch(queries.EXPIRIES, keys, plan.day)}
    return {
        (line.store_id, line.gtin): Surplus(
            cartons=line.surplus // products[line.gtin].carton_sticks, expires_on=expiries.get(n)
        )
        for n, line in enumerate(giving, start=1)
    }


async def _write_moves(
    conn: Connection,
    plan: Plan,
    found: tuple[Sequence[Line], Sequence[Move], dict[str, Any]],
    products: dict[str, Product],
) -> None:
    lines, moves, said = found
    by_place = {(line.store_id, line.gtin): line for line in lines}
    rows = []
    for move in moves:
        sticks = move.cartons * products[move.gtin].carton_sticks
        reason = {"code": "cheaper_than_buying", **said}
        ends = (move.from_store_id, move.to_store_id)
        rows.append((*ends, move.gtin, sticks, move.cost_minor, move.instead_minor, [reason]))
        giver, taker = (by_place[end, move.gtin] for end in ends)
        giver.transfer -= sticks
        giver.reasons.append({"code": "spared", "to_store_id": move.to_store_id, "sticks": sticks})
        taker.transfer += sticks
        taker.order = taker.still_needed()
        taker.shortfall = max(0, taker.need - taker.transfer - taker.order)
        taker.reasons.append({"code": "transferred", "from_store_id": move.from_store_id, "sticks": sticks})
        if taker.order == 0:
            taker.state = "transfer"
    await conn.execute(queries.ADD_TRANSFERS, plan.plan_id, rows)
    changed = [line.change() for line in lines if line.transfer]
    await conn.execute(queries.CHANGE_LINES, plan.plan_id, changed)
