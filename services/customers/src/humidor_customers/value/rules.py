"""RFM: quintiles whose bins are equal, and the names of what they come to."""

from typing import Literal, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from humidor_customers.arrays import Floats, Ints

ModelName: TypeAlias = Literal["rfm", "lifetime", "churn", "potential", "clusters"]

BINS = 5
MIDDLE = 3

SEGMENTS = (
    "champions",
    "loyal",
    "potential_loyalists",
    "new",
    "promising",
    "need_attention",
    "about_to_sleep",
    "at_risk",
    "cannot_lose",
    "hibernating",
)


class Scores(NamedTuple):
    """Quintiles 1 (worst) to 5 of each customer, and which measures did not tell customers apart."""

    recency: Ints
    frequency: Ints
    money: Ints
    flat: list[str]

    @property
    def names(self) -> npt.NDArray[np.str_]:
        """Name the segment of each customer."""
        return name_segments(self.recency, self.frequency, self.money)


def quintiles(values: Floats, *, reverse: bool = False) -> Ints:
    """Cut into five bins whose sizes differ by one at most, 5 for the highest; ties are broken by place.

    Ten values give two of each score. The same value may stand in two bins, because equal bins are what the
    scores promise; where all values are equal nothing tells customers apart, and all get 3.
    """
    count = len(values)
    if count == 0 or values.min() == values.max():
        return np.full(count, MIDDLE, dtype=np.int64)
    order = np.argsort(-values if reverse else values, kind="stable")
    scores = np.empty(count, dtype=np.int64)
    scores[order] = np.arange(count) * BINS // count + 1
    return scores


def score(recency_days: Floats, frequency: Floats, money: Floats) -> Scores:
    """Give the quintiles of recency (fewer days are better), frequency and money."""
    measures = {"recency": recency_days, "frequency": frequency, "money": money}
    flat = [name for name, each in measures.items() if len(each) and each.min() == each.max()]
    return Scores(quintiles(recency_days, reverse=True), quintiles(frequency), quintiles(money), flat)


def name_segments(recency: Ints, frequency: Ints, money: Ints) -> npt.NDArray[np.str_]:
    """Name segments by recency and by the mean of frequency and money, rounded up.

    (5, 5, 4) are champions, (1, 5, 5) are those one cannot lose, (5, 1, 1) are new.
    """
    table = np.array([[_name(r, f) for f in range(1, BINS + 1)] for r in range(1, BINS + 1)])
    named: npt.NDArray[np.str_] = table[recency - 1, (frequency + money + 1) // 2 - 1]
    return named


def _name(recency: int, standing: int) -> str:
    if recency <= 2:
        return "hibernating" if standing <= 2 else "cannot_lose" if standing == BINS else "at_risk"
    if recency == MIDDLE:
        return "about_to_sleep" if standing <= 2 else "need_attention" if standing == MIDDLE else "loyal"
    if standing == 1:
        return "new" if recency == BINS else "promising"
    if standing <= MIDDLE:
        return "potential_loyalists"
    return "champions" if recency == BINS else "loyal"
