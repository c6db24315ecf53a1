"""Shares a limited supply among stores or customers, in each one's whole multiples.

Proportional: shares of what each asks for, what is left by the largest remainder (Hamilton's method).
Priority: the first rank gets all it asks for before the next gets anything, proportionally within a rank.
Max-min: D. Bertsekas and R. Gallager, Data Networks (2nd ed. 1992), 6.5.2: nobody can get more without
somebody with no more than that getting less.
"""

from collections.abc import Callable, Sequence
from heapq import heapify, heappop, heappush
from itertools import groupby

import msgspec


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """What one store or customer asks for, in sticks: nothing or at least `minimum`.

    `priority` 1 is served before 2.
    """

    claimant: str
    asked: int
    multiple: int = 1
    minimum: int = 0
    priority: int = 100

    @property
    def least(self) -> int:
        """The smallest order: whole multiples of at least the minimum."""
        return -(-max(self.minimum, 1) // self.multiple) * self.multiple


Shares = dict[str, int]


def share(supply: int, claims: Sequence[Claim], rule: str) -> Shares:
    """Share `supply` sticks: never more than it, never more than is asked, whole multiples of each claimant.

    60 for three that ask for 20, 40 and 60 come to 10, 20, 30 proportionally and 20, 20, 20 by max-min; by
    priority the first gets 20, the second 40. The order of the claims does not matter.
    """
    ordered = sorted(claims, key=lambda claim: claim.claimant)
    if sum(_most(claim) for claim in ordered) <= supply:
        return {claim.claimant: _most(claim) for claim in ordered}
    return _RULES[rule](supply, ordered)


def leave_out(claims: Sequence[Claim], shares: Shares) -> list[Claim]:
    """Give the claims that stay where some shares are below their minimum order.

    Half of those go, at least one: the last of the ranks and, of one rank, who lacks most to the minimum.
    What they would have got lets others reach theirs.
    """
    below = [claim for claim in claims if 0 < shares[claim.claimant] < claim.minimum]
    below.sort(key=lambda claim: (claim.priority, claim.minimum - shares[claim.claimant], claim.claimant))
    gone = {claim.claimant for claim in below[len(below) // 2 :]}
    return [claim for claim in claims if claim.claimant not in gone]


def fair(supply: int, claims: Sequence[Claim], rule: str) -> dict[str, float]:
    """What each claimant would get if goods could be divided without end."""
    asked = {claim.claimant: float(_most(claim)) for claim in claims}
    if sum(asked.values()) <= supply:
        return asked
    if rule == "max_min":
        level = water_level(supply, sorted(asked.values()))
        return {name: min(amount, level) for name, amount in asked.items()}
    if rule == "priority":
        return _fair_by_rank(supply, claims)
    total = sum(asked.values())
    return {name: supply * amount / total for name, amount in asked.items()}


def water_level(supply: float, asked: Sequence[float]) -> float:
    """The level up to which `supply` fills what is `asked` (rising): 60 over (20, 40, 60) stands at 20."""
    left, waiting = float(supply), len(asked)
    for amount in asked:
        if amount * waiting >= left:
            return left / waiting
        left -= amount
        waiting -= 1
    return asked[-1] if asked else 0.0


def _proportional(supply: int, claims: Sequence[Claim]) -> Shares:
    total = sum(_most(claim) for claim in claims)
    shares, behind = {}, []
    for claim in claims:
        given, rest = divmod(supply * _most(claim), total * claim.multiple)
        shares[claim.claimant] = given * claim.multiple
        behind.append((-rest / (total * claim.multiple), claim.claimant, claim))
    left = supply - sum(shares.values())
    for _, claimant, claim in sorted(behind, key=lambda each: each[:2]):
        if claim.multiple <= left and shares[claimant] + claim.multiple <= _most(claim):
            shares[claimant] += claim.multiple
            left -= claim.multiple
    return _fill(left, claims, shares)


def _priority(supply: int, claims: Sequence[Claim]) -> Shares:
    shares: Shares = {}
    ranked = sorted(claims, key=lambda claim: (claim.priority, claim.claimant))
    for _, rank in groupby(ranked, key=lambda claim: claim.priority):
        found = share(supply - sum(shares.values()), list(rank), "proportional")
        shares |= found
    return shares


def _max_min(supply: int, claims: Sequence[Claim]) -> Shares:
    """Fill to the water level in whole multiples, then one multiple at a time to who has least."""
    level = water_level(supply, sorted(_most(claim) for claim in claims))
    shares = {
        claim.claimant: min(_most(claim), int(level) // claim.multiple * claim.multiple) for claim in claims
    }
    return _fill(supply - sum(shares.values()), claims, shares)


def _fill(left: int, claims: Sequence[Claim], shares: Shares) -> Shares:
    """Give what rounding left over, a multiple at a time, to who has least and still asks."""
    waiting = [(shares[claim.claimant], claim.claimant, claim.multiple, _most(claim)) for claim in claims]
    heapify(waiting)
    while waiting and left > 0:
        has, claimant, multiple, most = heappop(waiting)
        if multiple > left or has + multiple > most:
            continue
        shares[claimant] = has + multiple
        left -= multiple
        heappush(waiting, (has + multiple, claimant, multiple, most))
    return shares


def _fair_by_rank(supply: int, claims: Sequence[Claim]) -> dict[str, float]:
    found: dict[str, float] = {}
    left = float(supply)
    for rank in sorted({claim.priority for claim in claims}):
        same = [claim for claim in claims if claim.priority == rank]
        total = sum(_most(claim) for claim in same)
        part = min(1.0, left / total) if total else 0.0
        found |= {claim.claimant: _most(claim) * part for claim in same}
        left -= total * part
    return found


def _most(claim: Claim) -> int:
    return claim.asked // claim.multiple * claim.multiple


_RULES: dict[str, Callable[[int, Sequence[Claim]], Shares]] = {
    "proportional": _proportional,
    "priority": _priority,
    "max_min": _max_min,
}
