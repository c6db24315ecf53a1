"""Runs requests through a strategy: to see what it would do, or to share what is short for good."""

import asyncio
from datetime import datetime
from typing import Any
from uuid import UUID

import numpy as np

from humidor_common import audit
from humidor_common.auth import Principal
from humidor_common.db.pool import Connection
from humidor_common.events.customers import SupplyShared
from humidor_common.ids import uuid7
from humidor_common.messaging import outbox
from humidor_common.web.problems import Problem, invalid, not_found
from humidor_customers.allocation import queries, rules, runs
from humidor_customers.allocation.calculating import (
    Given,
    calculate,
    caps_of_all,
    cell_rows,
    load,
    share_rows,
)
from humidor_customers.allocation.requests import read_requests
from humidor_customers.allocation.schemas import (
    RunInput,
    RunView,
    SharingInput,
    SimulationInput,
)
from humidor_customers.allocation.service import get_strategy, lock_strategy


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
    ready = await load(conn, strategy, given.request_cycle_ids)
    outcome = await asyncio.to_thread(calculate, ready, given)
    if (await get_strategy(conn, strategy_id)).version != strategy.version:
        raise Problem(409, "changed-meanwhile", "Somebody else has just changed the strategy; try again.")
    run = _view("simulation", ready, given, principal.subject, now)
    await runs.write(conn, run)
    await runs.write_cells(conn, run.run_id, cell_rows(ready, outcome.cells))
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
    ready = await load(conn, strategy, [strategy.cycle_id])
    outcome = await asyncio.to_thread(calculate, ready, given)
    run = _view("sharing", ready, given, principal.subject, now)
    await runs.end_force(conn, strategy.cycle_id)
    await runs.write(conn, run)
    await runs.write_cells(conn, run.run_id, cell_rows(ready, outcome.cells))
    await runs.write_shares(conn, share_rows(run.run_id, ready, outcome))
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
        rule=run.rule or "proportional",
        gtins=sorted(run.supply),
        customers=run.customers,
        shared_at=run.ran_at,
    )


async def observe(conn: Connection, principal: Principal, strategy_id: UUID, *, now: datetime) -> RunView:
    """Count what the orders of a strategy's own cycle came to, as they were placed and supplied.

    Raises:
        Problem: 404; 409 `no-requests`, `run-too-large`.
    """
    strategy = await get_strategy(conn, strategy_id)
    ready = await load(conn, strategy, [strategy.cycle_id])
    ordered, supplied = [
        await read_requests(conn, [strategy.cycle_id], ready.places, ready.gtins, fact=fact)
        for fact in ("ordered_sticks", "supplied_sticks")
    ]
    tiers, caps = ready.audience.tiers, caps_of_all(ready)
    cells = await asyncio.to_thread(rules.count, tiers, caps, ready.requested, ordered, supplied)
    run = _view("observation", ready, RunInput(), principal.subject, now).model_copy(update={"rule": None})
    await runs.write(conn, run)
    await runs.write_cells(conn, run.run_id, cell_rows(ready, cells))
    return run


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
