"""Puts an answer together: its formula, source, common figures and bounds."""

from math import ceil, sqrt
from typing import NamedTuple

from humidor_inventory.policies.rules.explain import Answer, Impossible, LevelFigures, Reached, Trail
from humidor_inventory.policies.rules.terms import MOST_UNITS, Terms


class Formula(NamedTuple):
    """What a policy rests on."""

    formula: str
    source: str
    service: str


_SERVICE = "Demand that waits is assumed; where it is lost instead, more is served."
_BETA = "beta: 1 - (G_L(r) - G_L(r + Q)) / Q, periodic 1 - avg(G_{L+R} - G_L) / (d R)"
_HADLEY = "Hadley and Whitin (1963), ch. 4-5; Axsäter (2015), ch. 5-6"
_VEINOTT = "Veinott and Wagner (1965), Manag. Sci. 11; Silver, Pyke and Thomas (2017), ch. 6-7"

FORMULAS = {
    "r_Q": Formula(f"alpha: r = F_{{L+R}}^-1(alpha); {_BETA}; order n Q above r", _HADLEY, _SERVICE),
    "s_S": Formula(f"alpha: s = F_{{L+R}}^-1(alpha); {_BETA}; S = s + Q", _VEINOTT, _SERVICE),
    "min_max": Formula(f"alpha: min = F_{{L+R}}^-1(alpha); {_BETA}; max = min + Q", _VEINOTT, _SERVICE),
    "R_S": Formula(
        "alpha: S = F_{L+R}^-1(alpha); beta: 1 - (G_{L+R}(S) - G_L(S)) / (d R)",
        "Silver, Pyke and Thomas (2017), ch. 6; Axsäter (2015), ch. 5",
        _SERVICE,
    ),
    "eoq": Formula(
        "Q = sqrt(2 K D / h), with backorders sqrt(2 K D (h + p) / (h p)); r as in (r, Q)",
        "Harris (1913); Snyder and Shen (2019), ch. 3",
        _SERVICE,
    ),
    "newsvendor": Formula(
        "S = F_{L+R}^-1(cu / (cu + co))",
        "Arrow, Harris and Marschak (1951); Snyder and Shen (2019), ch. 4",
        "The share of the period's demand that the quantity serves.",
    ),
}


def summarise(terms: Terms, trail: Trail) -> None:
    """Explain demand over the interval that an order has to last for.

    Raises:
        Impossible: It is more than stock can hold.
    """
    demand, unit = terms.demand, terms.unit
    days = terms.lead_time_days + terms.review_days
    whole = demand.over(days)
    trail.step("demand_per_day", demand.mean, f"{unit}/day", "d")
    trail.step("demand_sd_per_day", sqrt(demand.variance), f"{unit}/day", "sd")
    trail.step("protection_interval", days, "day", "L + R: lead time and review period")
    trail.step("mean_over_interval", whole.mean, unit, "d (L + R)")
    trail.step("sd_over_interval", sqrt(whole.variance), unit, "sqrt((L + R) sd² + d² sd_L²)")
    if terms.service_target is not None:
        trail.step("service_target", terms.service_target, "1", f"{terms.service_kind} service level")


def point_step(trail: Trail, raw: float, formula: str, name: str = "reorder_point") -> int:
    """Round a level up to whole units, with the step and the rounding explained.

    Raises:
        Impossible: It is more than stock can hold.
    """
    if raw >= MOST_UNITS:
        raise Impossible("demand", "the level would be more than stock can hold")
    trail.step(name, raw, trail.unit, formula)
    point = max(0, ceil(raw - 1e-9))
    trail.adjust("rounding", raw, point, f"{name} in whole units, never below the need")
    return point


def answer_of(
    terms: Terms,
    trail: Trail,
    figures: tuple[int, int, int | None],
    rest: tuple[float, Reached, LevelFigures],
) -> Answer:
    """Put together (reorder point, order-up-to, quantity) and (safety stock, service, level)."""
    if max(figures[0], figures[1], figures[2] or 0) > MOST_UNITS:
        raise Impossible("demand", "the level would be more than stock can hold")
    shape = terms.demand.shape
    formula, source, _ = FORMULAS[terms.policy]
    return Answer(
        policy=terms.policy,
        unit=terms.unit,
        reorder_point=figures[0],
        order_up_to=figures[1],
        order_quantity=figures[2],
        safety_stock=rest[0],
        level=rest[2],
        formula=formula,
        source=source,
        distribution={
            "family": shape.family,
            "reason": shape.reason,
            "demand_class": shape.demand_class,
            "adi": shape.adi,
            "cv2": shape.cv2,
        },
        steps=trail.steps,
        adjustments=trail.adjustments,
        service=rest[1],
    )
