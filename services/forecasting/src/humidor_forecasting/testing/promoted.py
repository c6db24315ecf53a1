"""For tests: generated stores with a promotion of known effect: Poisson sales with shocks in common."""

from typing import Any

import numpy as np

from humidor_forecasting.uplift.work import EvaluationInput, Role, StoreDays

WEEK = np.array([0.8, 0.9, 0.95, 1.0, 1.2, 1.35, 0.8])


def stores(  # noqa: PLR0913 - a world has many sides
    *,
    treated: int = 8,
    holdouts: int = 8,
    others: int = 0,
    before: int = 84,
    during: int = 14,
    after: int = 14,
    lift: float = 0.0,
    cannibal: float = 0.0,
    dip: float = 0.0,
    noise: float = 0.05,
    seed: int = 1,
) -> list[StoreDays]:
    """Make stores of different sizes; treated ones sell `lift` more, others of their goods `cannibal` less.

    All have a common season and shocks of `noise`; each store has a slow drift of its own besides.
    """
    random = np.random.default_rng(seed)
    days = before + during + after
    week = np.resize(WEEK, days)
    common = np.exp(np.cumsum(random.normal(0, 0.02, days))) * np.exp(random.normal(0, noise, days))
    effect, loss = np.ones(days), np.ones(days)
    effect[before : before + during] += lift
    effect[before + during :] -= dip
    loss[before : before + during] -= cannibal
    counts: dict[Role, int] = {"treated": treated, "holdout": holdouts, "other": others}
    made = []
    for number, role in enumerate(role for role, count in counts.items() for _ in range(count)):
        size = float(np.exp(random.normal(5, 0.5)))
        own = np.exp(np.cumsum(random.normal(0, noise / 10, days)))
        usual = size * week * common * own
        mine = role == "treated"
        made.append(
            StoreDays(
                store_id=f"S{number:04d}",
                role=role,
                promoted=draw(random, usual * (effect if mine else 1.0)),
                brand=draw(random, 0.5 * usual),
                rest=draw(random, 2 * usual * (loss if mine else 1.0)),
            )
        )
    return made


def draw(random: np.random.Generator, mean: Any) -> list[float]:
    return [float(each) for each in random.poisson(mean)]


def asked(made: list[StoreDays], *, before: int = 84, during: int = 14, **changes: Any) -> EvaluationInput:
    """Ask for the evaluation of a promotion in these stores; without Prophet, which takes seconds."""
    terms: dict[str, Any] = {
        "promotion_id": "p1",
        "probability": 0.95,
        "first_ordinal": 739_800,
        "starts": before,
        "ends": before + during - 1,
        "after_wanted": 14,
        "methods": ["difference_in_differences", "synthetic_control", "structural_time_series"],
    }
    return EvaluationInput(stores=made, **(terms | changes))
