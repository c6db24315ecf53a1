"""The same questions answered by HiGHS, as mixed-integer programmes, where they are small enough.

Q. Huangfu and J. Hall (2018), Parallelizing the dual revised simplex method, Math. Program. Comput. 10;
through `scipy.optimize.milp`. None says that it found nothing in the time given: take the greedy answer then.
"""

from collections.abc import Sequence
from datetime import date
from math import inf
from typing import Any

import msgspec

from humidor_common.sharing import Claim, Shares, fair
from humidor_inventory.planning.rules.transferring import Move, Problem, move_of

MOST_VARIABLES = 4000


class Found(msgspec.Struct, frozen=True):
    """An answer with the gap to the bound that is proven, 0 where it is the best there is."""

    answer: Any
    gap: float


def solve_transfers(problem: Problem, *, seconds: float = 2.0) -> tuple[list[Move], float] | None:
    """Maximise saving - fixed costs over whole cartons x and opened lanes y.

    max Σ s_lg x_lg - Σ f_l y_l;  Σ_l x_lg <= surplus;  Σ_l x_lg <= want;  x_lg <= min(surplus, want) y_l.
    A thousandth of a minor unit at most is taken off a carton that expires later, so that of equal ones what
    expires first goes.
    """
    options = list(problem.options())
    lanes = sorted({number for number, _, _ in options})
    if not options or len(options) + len(lanes) > MOST_VARIABLES:
        return None if options else ([], 0.0)
    bounds = [
        min(
            problem.spare[problem.lanes[n].from_store_id, gtin].cartons,
            problem.wants[problem.lanes[n].to_store_id, gtin].cartons,
        )
        for n, gtin, _ in options
    ]
    rows = _Rows(len(options) + len(lanes))
    place_of = {number: len(options) + i for i, number in enumerate(lanes)}
    by_place: dict[tuple[str, str, str], list[int]] = {}
    for i, (number, gtin, _) in enumerate(options):
        lane = problem.lanes[number]
        by_place.setdefault(("from", lane.from_store_id, gtin), []).append(i)
        by_place.setdefault(("to", lane.to_store_id, gtin), []).append(i)
        rows.at_most({i: 1.0, place_of[number]: -float(bounds[i])}, 0.0)
    for (end, store_id, gtin), columns in by_place.items():
        place = (store_id, gtin)
        most = problem.spare[place].cartons if end == "from" else problem.wants[place].cartons
        rows.at_most(dict.fromkeys(columns, 1.0), float(most))
    late = _lateness(problem, options)
    cost = [late[i] - saving for i, (_, _, saving) in enumerate(options)]
    cost += [float(problem.lanes[number].fixed_minor) for number in lanes]
    found = rows.solve(cost, [*bounds, *([1] * len(lanes))], seconds=seconds)
    if found is None:
        return None
    moves = [
        move_of(problem.lanes[number], gtin, round(found.answer[i]), saving)
        for i, (number, gtin, saving) in enumerate(options)
        if round(found.answer[i]) > 0
    ]
    return moves, found.gap


def _lateness(problem: Problem, options: Sequence[tuple[int, str, int]]) -> list[float]:
    """A discount for each option, up to a thousandth, that rises with the expiry of the donor's stock."""
    donors = [(problem.lanes[number].from_store_id, gtin) for number, gtin, _ in options]
    days = [problem.spare[donor].expires_on or date.max for donor in donors]
    rank = {day: i for i, day in enumerate(sorted(set(days)))}
    return [0.001 * rank[day] / len(rank) for day in days]


def round_shares(supply: int, claims: Sequence[Claim], rule: str, *, seconds: float = 1.0) -> Shares | None:
    """Round fair shares to whole multiples; ranks one after the other, so that none lacks for a later one."""
    if rule != "priority":
        return _round(supply, claims, rule, seconds)
    shares: Shares = {}
    for priority in sorted({claim.priority for claim in claims}):
        rank = [claim for claim in claims if claim.priority == priority]
        found = _round(supply - sum(shares.values()), rank, "proportional", seconds)
        if found is None:
            return None
        shares |= found
    return shares


def _round(supply: int, claims: Sequence[Claim], rule: str, seconds: float) -> Shares | None:
    """Find whole multiples nearest below the fair shares where multiples differ: min Σ (fair_i - m_i x_i)+.

    Greedy rounding can strand supply that fits nobody's multiple; this leaves as little as can be. A
    hundredth for each stick given lets what fits above the fair shares be given as well.
    """
    ordered = sorted(claims, key=lambda claim: claim.claimant)
    wanted = fair(supply, ordered, rule)
    count = len(ordered)
    rows = _Rows(2 * count)
    rows.at_most({i: float(claim.multiple) for i, claim in enumerate(ordered)}, float(supply))
    for i, claim in enumerate(ordered):
        rows.at_most({i: -float(claim.multiple), count + i: -1.0}, -wanted[claim.claimant])
    cost = [-0.01 * claim.multiple for claim in ordered] + [1.0] * count
    most = [claim.asked // claim.multiple for claim in ordered] + [inf] * count
    found = rows.solve(cost, most, seconds=seconds, whole=count)
    if found is None:
        return None
    return {claim.claimant: round(found.answer[i]) * claim.multiple for i, claim in enumerate(ordered)}


class _Rows:
    """Rows of a programme: sums of columns that are at most a bound."""

    def __init__(self, columns: int) -> None:
        self.columns = columns
        self.values: list[float] = []
        self.places: tuple[list[int], list[int]] = ([], [])
        self.bounds: list[float] = []

    def at_most(self, terms: dict[int, float], bound: float) -> None:
        for column, value in terms.items():
            self.values.append(value)
            self.places[0].append(len(self.bounds))
            self.places[1].append(column)
        self.bounds.append(bound)

    def solve(
        self, cost: Sequence[float], most: Sequence[float], *, seconds: float, whole: int | None = None
    ) -> Found | None:
        """Minimise over 0 <= x <= most, the first `whole` columns (all by default) whole numbers."""
        import numpy as np
        from scipy.optimize import Bounds, LinearConstraint, milp
        from scipy.sparse import csr_array

        shape = (len(self.bounds), self.columns)
        matrix = csr_array((self.values, self.places), shape=shape)
        integers = np.zeros(self.columns)
        integers[: self.columns if whole is None else whole] = 1
        result = milp(
            np.asarray(cost),
            integrality=integers,
            bounds=Bounds(0, np.asarray(most, dtype=float)),
            constraints=LinearConstraint(matrix, -np.inf, np.asarray(self.bounds)),
            options={"time_limit": seconds, "mip_rel_gap": 0.0},
        )
        if result.x is None:
            return None
        return Found([float(value) for value in result.x], float(result.mip_gap or 0.0))
