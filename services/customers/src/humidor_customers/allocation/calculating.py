"""Lets requests meet a strategy: what is read for it, and what it comes to."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple
from uuid import UUID

import numpy as np

from humidor_common.db.pool import Connection
from humidor_common.sharing_arrays import Sticks
from humidor_common.web.problems import Problem
from humidor_customers.allocation import queries, rules
from humidor_customers.allocation.caps import Lines, load_lines, product_caps
from humidor_customers.allocation.requests import read_requests, requested_products
from humidor_customers.allocation.rules import UNCAPPED, Audience, Cells, Terms
from humidor_customers.allocation.schemas import RunInput, StrategyView

MOST_CELLS = 12_000_000
"""Customers × products of one run: four matrices of so many, 400 MB together."""


class Given(NamedTuple):
    """What a run starts from: all that is read of the database."""

    strategy: StrategyView
    audience: Audience
    lines: Lines
    gtins: Sequence[str]
    requested: Sticks
    places: dict[str, int]


class Outcome(NamedTuple):
    """What requests came to; customers × products each, and the sums of tiers × products."""

    caps: Sticks
    totals: dict[str, Sticks]
    ordered: Sticks
    supplied: Sticks
    cells: Cells


async def load(conn: Connection, strategy: StrategyView, cycle_ids: Sequence[UUID]) -> Given:
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
    places |= {name: places[survivor] for name, survivor in merged.items() if survivor in places}
    requested = await read_requests(conn, cycle_ids, places, gtins)
    if not requested.any():
        raise Problem(409, "no-requests", "Nobody requested anything in these cycles.")
    requested //= len(cycle_ids)
    audience = Audience(customers, strategy.barred_grades)
    return Given(strategy, audience, lines, gtins, requested, places)


async def _best_first(conn: Connection, strategy: StrategyView) -> bool:
    found = await queries.read(conn, strategy.strategy_id)
    return bool(found and found["best_first"])


def calculate(given: Given, run: RunInput) -> Outcome:
    """Let requests meet caps, totals of segments and what there is."""
    lines, gtins, audience = given.lines, given.gtins, given.audience
    caps = caps_of_all(given)
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


def caps_of_all(given: Given) -> Sticks:
    unlisted = UNCAPPED if given.strategy.unlisted == "free" else 0
    caps = np.full(given.requested.shape, unlisted, dtype=np.int64)
    for place, gtin in enumerate(given.gtins):
        if gtin in given.lines.products:
            caps[:, place] = product_caps(given.audience, given.lines.products[gtin])
    return caps


def _priorities(tiers: Sticks) -> Sticks:
    """Rank tiers in the order in which the customers stand, which is the best first."""
    return np.concatenate(([1], 1 + np.cumsum(np.diff(tiers) != 0)))


def cell_rows(given: Given, cells: Cells) -> Iterator[tuple[Any, ...]]:
    """Give gtin, tier, segment and figures of every cell."""
    columns = [column.tolist() for column in cells[1:]]
    for row, tier in enumerate(cells.tiers):
        for place, gtin in enumerate(given.gtins):
            segment = given.lines.segment_of.get(gtin)
            yield gtin, tier, segment, *(column[row][place] for column in columns)


def share_rows(run_id: UUID, given: Given, outcome: Outcome) -> Iterator[tuple[Any, ...]]:
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
