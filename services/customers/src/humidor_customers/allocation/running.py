"""Runs requests through a strategy: to see what it would do, or to share what is short for good."""

import asyncio
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import numpy as np

from humidor_common import audit
from humidor_common.auth import Principal
from humidor_common.db.pool import Connection
from humidor_common.events.customers import SupplyShared
from humidor_common.ids import uuid7
from humidor_common.messaging import outbox
from humidor_common.sharing_arrays import Sticks
from humidor_common.web.problems import Problem, invalid, not_found
from humidor_customers.allocation import queries, rules, runs
from humidor_customers.allocation.caps import Lines, load_lines, product_caps
from humidor_customers.allocation.requests import read_requests, requested_products
from humidor_customers.allocation.rules import UNCAPPED, Audience, Cells, Terms
from humidor_customers.allocation.schemas import (
    RunInput,
    RunView,
    SharingInput,
    SimulationInput,
    StrategyView,
)
from humidor_customers.allocation.service import get_strategy, lock_strategy

MOST_CELLS = 12_000_000
"""Customers × products of one run: four matrices of so many, 400 MB together."""


class Given(NamedTuple):
    """What a run starts from: all that is read of the database."""

    strategy: StrategyView
    audience: Audience
    lines: Lines
    gtins: Sequence[str]
    requested: Sticks


class Outcome(NamedTuple):
    """What requests came to; customers × products each, and the sums of tiers × products."""

    caps: Sticks
    totals: dict[str, Sticks]
    ordered: Sticks
    supplied: Sticks
    cells: Cells


async def get_run(conn: Connection, run_id: UUID) -> RunView:
    found = await runs.read(conn, run_id)
    if found is None:
        raise not_found("run", run_id)
    return found


async def simulate(
    conn: Connection, principal: Principal, strategy_id: UUID, given: SimulationInput, *, now: datetime
) -> RunView:
    """Meet a strategy, published or not, with what was requested in former cycles; changes nothing else.

    Raises:
        Problem: 404; 409 `no-requests`, `run-too-large`, `changed-meanwhile`; 422 for a cycle not known.
    """
    strategy = await get_strategy(conn, strategy_id)
    for place, cycle_id in enumerate(given.request_cycle_ids):
        if not await queries.knows_cycle(conn, cycle_id):
            raise invalid(f"request_cycle_ids[{place}]", "there is no such order cycle")
    ready = await _load(conn, strategy, given.request_cycle_ids)
    outcome = await asyncio.to_thread(calculate, ready, given)
    if (await get_strategy(conn, strategy_id)).version != strategy.version:
        raise Problem(409, "changed-meanwhile", "Somebody else has just changed the strategy; try again.")
    run = _view("simulation", ready, given, principal.subject, now)
    await runs.write(conn, run)
    await runs.write_cells(conn, run.run_id, _cell_rows(ready, outcome.cells))
    return run


async def share(
    conn: Connection, principal: Principal, strategy_id: UUID, given: SharingInput, *, now: datetime
) -> RunView:
    """Share what is short in the cycle of a published strategy among those who ordered, and tell it.

    Another sharing of the same cycle takes the place of the one before and needs a reason.

    Raises:
        Problem: 404; 409 `strategy-not-published`, `shared-already`, `no-requests`, `run-too-large`.
    """
    strategy = await lock_strategy(conn, strategy_id)
    if strategy.state != "published":
        raise Problem(409, "strategy-not-published", f"The strategy is {strategy.state}.")
    former = await runs.in_force(conn, strategy.cycle_id)
    if former and given.reason is None:
        raise Problem(409, "shared-already", "The cycle is shared already; another sharing needs a reason.")
    ready = await _load(conn, strategy, [strategy.cycle_id])
    outcome = await asyncio.to_thread(calculate, ready, given)
    run = _view("sharing", ready, given, principal.subject, now)
    await runs.end_force(conn, strategy.cycle_id)
    await runs.write(conn, run)
    await runs.write_cells(conn, run.run_id, _cell_rows(ready, outcome.cells))
    await runs.write_shares(conn, _share_rows(run.run_id, ready, outcome))
    await outbox.append(conn, [_told(run)])
    before, after = former and former.model_dump(mode="json"), run.model_dump(mode="json")
    entry = audit.Entry("share", str(strategy_id), before, after)
    await audit.record_many(conn, principal, "strategy", [entry], reason=given.reason)
    return run


def _told(run: RunView) -> SupplyShared:
    return SupplyShared(
        run_id=run.run_id,
        cycle_id=run.cycle_id,
        strategy_id=run.strategy_id,
        rule=run.rule,
        gtins=sorted(run.supply),
        customers=run.customers,
        shared_at=run.ran_at,
    )


async def _load(conn: Connection, strategy: StrategyView, cycle_ids: Sequence[UUID]) -> Given:
    customers = await queries.customers(conn, strategy.scheme_code, await _best_first(conn, strategy))
    lines = await load_lines(conn, strategy.strategy_id)
    gtins = sorted({*lines.products, *await requested_products(conn, cycle_ids)})
    if not customers or not gtins:
        raise Problem(409, "no-requests", "There is no active customer or no product to run.")
    if len(customers) * len(gtins) > MOST_CELLS:
        raise Problem(
            409, "run-too-large", f"{len(customers)} customers × {len(gtins)} products exceed {MOST_CELLS}."
        )
    places = {each.retailer_id: place for place, each in enumerate(customers)}
    merged = await queries.survivors(conn)
    aliases = {name: places[survivor] for name, survivor in merged.items() if survivor in places}
    requested = await read_requests(conn, cycle_ids, places | aliases, gtins)
    if not requested.any():
        raise Problem(409, "no-requests", "Nobody requested anything in these cycles.")
    requested //= len(cycle_ids)
    return Given(strategy, Audience(customers, strategy.barred_grades), lines, gtins, requested)


async def _best_first(conn: Connection, strategy: StrategyView) -> bool:
    found = await queries.read(conn, strategy.strategy_id)
    return bool(found and found["best_first"])


def calculate(given: Given, run: RunInput) -> Outcome:
    """Let requests meet caps, totals of segments and what there is; takes a second for 10,000 × 300."""
    audience, lines, gtins = given.audience, given.lines, given.gtins
    unlisted = UNCAPPED if given.strategy.unlisted == "free" else 0
    caps = np.full(given.requested.shape, unlisted, dtype=np.int64)
    for place, gtin in enumerate(gtins):
        if gtin in lines.products:
            caps[:, place] = product_caps(audience, lines.products[gtin])
    totals = {code: audience.caps(each, otherwise=UNCAPPED) for code, each in lines.segments.items()}
    supply = {each.gtin: each.sticks for each in run.supply}
    terms = Terms(
        caps,
        [
            (places, total)
            for code, total in totals.items()
            if (places := [n for n, gtin in enumerate(gtins) if lines.segment_of.get(gtin) == code])
        ],
        {place: supply[gtin] for place, gtin in enumerate(gtins) if gtin in supply},
        run.rule,
        _priorities(audience.tiers),
        given.strategy.carton_sticks,
    )
    ordered = rules.order(terms, given.requested)
    supplied = rules.supply(terms, ordered)
    cells = rules.count(audience.tiers, caps, given.requested, ordered, supplied)
    return Outcome(caps, totals, ordered, supplied, cells)


def _priorities(tiers: Sticks) -> Sticks:
    """Rank tiers in the order in which the customers stand, which is the best first."""
    return np.concatenate(([1], 1 + np.cumsum(np.diff(tiers) != 0)))


def _view(kind: str, given: Given, run: RunInput, by: str, now: datetime) -> RunView:
    strategy = given.strategy
    cycles = run.request_cycle_ids if isinstance(run, SimulationInput) else [strategy.cycle_id]
    values: dict[str, Any] = {"kind": kind, "in_force": kind == "sharing"}
    return RunView(
        **values,
        run_id=uuid7(),
        strategy_id=strategy.strategy_id,
        strategy_version=strategy.version,
        cycle_id=strategy.cycle_id,
        request_cycle_ids=cycles,
        rule=run.rule,
        supply={each.gtin: each.sticks for each in run.supply},
        customers=given.requested.shape[0],
        products=given.requested.shape[1],
        requests=int(np.count_nonzero(given.requested)),
        ran_at=now,
        ran_by=by,
    )


def _cell_rows(given: Given, cells: Cells) -> Iterator[tuple[Any, ...]]:
    """Give gtin, tier, segment and figures of every cell."""
    columns = [column.tolist() for column in cells[1:]]
    for row, tier in enumerate(cells.tiers):
        for place, gtin in enumerate(given.gtins):
            segment = given.lines.segment_of.get(gtin)
            yield gtin, tier, segment, *(column[row][place] for column in columns)


def _share_rows(run_id: UUID, given: Given, outcome: Outcome) -> Iterator[tuple[Any, ...]]:
    """Give the shares of who requested something, a product at a time."""
    names = [each.retailer_id for each in given.audience.customers]
    for place, gtin in enumerate(given.gtins):
        total = outcome.totals.get(given.lines.segment_of.get(gtin, ""))
        rows = np.flatnonzero(given.requested[:, place])
        bounds = np.full(len(rows), UNCAPPED, dtype=np.int64) if total is None else total[rows]
        figures = [
            matrix[rows, place].tolist()
            for matrix in (given.requested, outcome.caps, outcome.ordered, outcome.supplied)
        ]
        for row, requested, cap, ordered, supplied, bound in zip(
            rows, *figures, bounds.tolist(), strict=True
        ):
            capped = None if cap >= UNCAPPED else cap
            bounded = None if bound >= UNCAPPED else bound
            yield run_id, names[row], gtin, requested, capped, bounded, ordered, supplied
