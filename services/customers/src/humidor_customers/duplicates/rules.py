"""How likely two records are of one customer, and why."""

from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from typing import Literal, NamedTuple, TypeAlias

ReasonCode: TypeAlias = Literal["same_licence", "same_phone", "similar_name"]

LICENCE_POINTS = 60
PHONE_POINTS = 45
NAME_POINTS = 50
LEAST_SIMILARITY = 0.7
"""Of keys of names: 城南一号 and 城南二号 (0.6) are not alike, 西湖滨路城南 and 西湖宾路城南 (0.71) are."""


class Traits(NamedTuple):
    """What is compared of a record; names and phones as their keys."""

    retailer_id: str
    licence_number: str | None
    phone_keys: frozenset[str]
    trade_area: str | None
    name_key: str


class Reason(NamedTuple):
    """Why two records are alike, and the points that it gives."""

    code: ReasonCode
    points: int
    detail: str


class Pair(NamedTuple):
    """Two records that may be of one customer; `first_id` sorts before `second_id`, `score` is up to 100."""

    first_id: str
    second_id: str
    score: int
    reasons: tuple[Reason, ...]


def similarity(one: str, other: str) -> float:
    """Compare two keys by their pairs of neighbouring characters, the ends included; 0 to 1 (Dice 1945).

    2 · common pairs ÷ all pairs: `ab` has the pairs `^a ab b$`, so `ab` and `abc` come to 2·2/(3+4) = 0.571.
    """
    if one == other:
        return 1.0
    a, b = _pairs(one), _pairs(other)
    return 2 * (a & b).total() / (a.total() + b.total())


@lru_cache(maxsize=20_000)
def _pairs(key: str) -> Counter[str]:
    whole = f"\x02{key}\x03"
    return Counter(whole[i : i + 2] for i in range(len(whole) - 1))


def compare(one: Traits, other: Traits, *, crowded: bool = False) -> Pair | None:
    """Give the pair with its score and reasons; None where nothing speaks for it.

    The same licence gives 60 points, a phone in common 45, a name at least 0.7 alike within one trade area up
    to 50 (in a `crowded` one only an equal name); more than 100 is 100.
    """
    reasons = list(_reasons(one, other, 1.0 if crowded else LEAST_SIMILARITY))
    if not reasons:
        return None
    first, second = sorted((one.retailer_id, other.retailer_id))
    return Pair(first, second, min(100, sum(each.points for each in reasons)), tuple(reasons))


def _reasons(one: Traits, other: Traits, least: float) -> Iterable[Reason]:
    if one.licence_number and one.licence_number == other.licence_number:
        yield Reason("same_licence", LICENCE_POINTS, one.licence_number)
    if common := one.phone_keys & other.phone_keys:
        # The number itself is personal; that there is one is not.
        yield Reason("same_phone", PHONE_POINTS, f"{len(common)} in common")
    if one.trade_area and one.trade_area == other.trade_area:
        alike = similarity(one.name_key, other.name_key)
        if alike >= least:
            yield Reason("similar_name", round(NAME_POINTS * alike), f"{alike:.2f} in {one.trade_area}")
