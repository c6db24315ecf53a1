"""ABC by value and XYZ by how steady demand is.

ABC: cumulative share of value (80 and 95 % unless set otherwise). XYZ: coefficient of variation of demand by
week (0.5 and 1.0). Nine classes, each with a hint how to plan it.
"""

import math
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Literal

AbcClass = Literal["A", "B", "C"]
XyzClass = Literal["X", "Y", "Z"]

A_SHARE, B_SHARE = Decimal("0.8"), Decimal("0.95")
X_CV, Y_CV = 0.5, 1.0

POLICIES: Mapping[str, str] = {
    "AX": "order often in small lots by a continuous policy, high service; little safety stock is enough",
    "AY": "periodic review with a forecast that knows season and weekday; safety stock by its error",
    "AZ": "look at each order; empirical quantiles for levels, agree on short lead times",
    "BX": "continuous policy with an economic order quantity, automatic",
    "BY": "periodic review, service by fill rate",
    "BZ": "levels by a distribution for erratic demand; review the assortment twice a year",
    "CX": "order rarely and much, automatic",
    "CY": "min and max with generous cover, little attention",
    "CZ": "order on request, transfer between stores, or take out of the assortment",
}


def abc_classes(
    values: Mapping[str, int], *, a_share: Decimal = A_SHARE, b_share: Decimal = B_SHARE
) -> dict[str, AbcClass]:
    """Class products by their share of value: A up to 80 %, B up to 95 %, C the rest (Pareto, ABC).

    A product belongs to the class in which its own value begins, so the greatest is always A; what sold
    nothing is C. 70, 20, 8 and 2 give A, A, B, C.
    """
    total = sum(max(value, 0) for value in values.values())
    classes: dict[str, AbcClass] = {}
    before = 0
    for gtin, value in sorted(values.items(), key=lambda pair: (-pair[1], pair[0])):
        if value <= 0 or before >= total * b_share:
            classes[gtin] = "C"
        else:
            classes[gtin] = "A" if before < total * a_share else "B"
        before += max(value, 0)
    return classes


def variation(demand: Sequence[float], periods: int) -> float | None:
    """Give the coefficient of variation over `periods`, of which those not in `demand` had none.

    None without demand.

    Of 10, 20 and 30 it is 10 / 20 = 0.5 (the deviation of a sample).
    """
    total = math.fsum(demand)
    if periods < 2 or total <= 0:
        return None
    mean = total / periods
    squares = math.fsum((each - mean) ** 2 for each in demand) + (periods - len(demand)) * mean * mean
    return math.sqrt(squares / (periods - 1)) / mean


def xyz_class(cv: float | None, *, x_cv: float = X_CV, y_cv: float = Y_CV) -> XyzClass:
    """Class by variation: X up to 0.5, Y up to 1.0, Z above or without demand."""
    if cv is None or cv > y_cv:
        return "Z"
    return "X" if cv <= x_cv else "Y"
