"""Which surplus goes where instead of being bought: the greedy answer.

A transfer of a carton saves what buying it would cost and costs the lane's rate; a lane that is used costs
its fixed amount once. Donors give only what lies above their own need, receivers get no more than theirs.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from heapq import heapify, heappop, heappush

import msgspec

Place = tuple[str, str]
"""Store and product."""


class Lane(msgspec.Struct, frozen=True, kw_only=True):
    """A way from one store to another; money in minor units."""

    from_store_id: str
    to_store_id: str
    minor_per_carton: int
    fixed_minor: int = 0
    days: int = 0


class Want(msgspec.Struct, frozen=True, kw_only=True):
    """Cartons that a store lacks, what buying one costs and what a day of waiting for it costs."""

    cartons: int
    buy_minor: int
    lead_days: float = 0.0
    waiting_minor_per_day: int = 0


class Surplus(msgspec.Struct, frozen=True, kw_only=True):
    """Cartons that a store can spare, and when the first of them expires."""

    cartons: int
    expires_on: date | None = None


class Move(msgspec.Struct, frozen=True, kw_only=True):
    """Cartons of one product that go along a lane; `instead_minor` is what buying them would cost."""

    from_store_id: str
    to_store_id: str
    gtin: str
    cartons: int
    cost_minor: int
    instead_minor: int


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """Who lacks and who can spare what, and the lanes between them."""

    lanes: Sequence[Lane]
    wants: Mapping[Place, Want]
    spare: Mapping[Place, Surplus]

    def options(self) -> Iterator[tuple[int, str, int]]:
        """Give each (lane number, product, saving a carton) that saves anything, fixed costs apart."""
        by_store: dict[str, list[str]] = {}
        for store_id, gtin in self.spare:
            by_store.setdefault(store_id, []).append(gtin)
        for number, lane in enumerate(self.lanes):
            for gtin in sorted(by_store.get(lane.from_store_id, ())):
                want = self.wants.get((lane.to_store_id, gtin))
                if want is not None and (saving := instead_of(want, lane) - lane.minor_per_carton) > 0:
                    yield number, gtin, saving


def instead_of(want: Want, lane: Lane) -> int:
    """What buying one carton costs instead: the purchase, and the days it takes longer than the lane."""
    return want.buy_minor + round(max(0.0, want.lead_days - lane.days) * want.waiting_minor_per_day)


def solve(problem: Problem) -> list[Move]:
    """Take the lane that saves most until none saves anything; of equal ones what expires first goes."""
    plan = _Greedy(problem)
    queue = [(*plan.rank(number), number) for number in plan.by_lane]
    heapify(queue)
    while queue:
        *rank, number = heappop(queue)
        now = plan.rank(number)
        if now[0] >= 0:
            continue
        if tuple(rank) != now:
            heappush(queue, (*now, number))
            continue
        plan.commit(number)
    return plan.moves


def net_saving(moves: Sequence[Move], lanes: Sequence[Lane]) -> int:
    """What moves save against buying, the fixed costs of the lanes they use taken off."""
    fixed = {(lane.from_store_id, lane.to_store_id): lane.fixed_minor for lane in lanes}
    used = {(move.from_store_id, move.to_store_id) for move in moves}
    return sum(move.instead_minor - move.cost_minor for move in moves) - sum(fixed[each] for each in used)


def move_of(lane: Lane, gtin: str, cartons: int, saving: int) -> Move:
    cost = cartons * lane.minor_per_carton
    return Move(
        from_store_id=lane.from_store_id,
        to_store_id=lane.to_store_id,
        gtin=gtin,
        cartons=cartons,
        cost_minor=cost,
        instead_minor=cost + cartons * saving,
    )


class _Greedy:
    """What is left to give and to get while lanes are taken."""

    def __init__(self, problem: Problem) -> None:
        self.lanes = problem.lanes
        self.expires = {place: each.expires_on or date.max for place, each in problem.spare.items()}
        self.left = {place: each.cartons for place, each in problem.spare.items()}
        self.lacking = {place: each.cartons for place, each in problem.wants.items()}
        self.moves: list[Move] = []
        self.by_lane: dict[int, list[tuple[int, str]]] = {}
        for number, gtin, saving in problem.options():
            self.by_lane.setdefault(number, []).append((saving, gtin))

    def rank(self, number: int) -> tuple[int, date, str, str]:
        """Order lanes: the greatest net saving first, then what expires first, then by name."""
        lane = self.lanes[number]
        total, first = -lane.fixed_minor, date.max
        for saving, gtin in self.by_lane[number]:
            if cartons := self._cartons(lane, gtin):
                total += cartons * saving
                first = min(first, self.expires[lane.from_store_id, gtin])
        return -total, first, lane.from_store_id, lane.to_store_id

    def commit(self, number: int) -> None:
        lane = self.lanes[number]
        for saving, gtin in self.by_lane[number]:
            if cartons := self._cartons(lane, gtin):
                self.left[lane.from_store_id, gtin] -= cartons
                self.lacking[lane.to_store_id, gtin] -= cartons
                self.moves.append(move_of(lane, gtin, cartons, saving))

    def _cartons(self, lane: Lane, gtin: str) -> int:
        return min(self.left[lane.from_store_id, gtin], self.lacking[lane.to_store_id, gtin])
