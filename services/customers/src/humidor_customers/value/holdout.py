"""Keeps the last weeks of histories back, and sets what is foretold of them beside what happened."""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from humidor_customers.arrays import Floats
from humidor_customers.value.history import Days, Figures
from humidor_customers.value.rules import SEGMENTS

HOLDOUT_SHARE = 3
LEAST_WEEKS = 4
MOST_WEEKS = 26
TOO_SHORT = {"reason": "the history is too short to keep some of it back"}


class Held(NamedTuple):
    """What was known of sampled customers before the last weeks, and what each of them did in these.

    `days` counts those with purchases; `minor` is what they came to.
    """

    weeks: int
    before: Figures
    days: Floats
    minor: Floats


def weeks_of(days: Days) -> int:
    """Give how many weeks are kept back, a third of the history; 0 where that is too little."""
    if not len(days.day):
        return 0
    weeks = (days.today - int(days.day.min())) // HOLDOUT_SHARE // 7
    return min(weeks, MOST_WEEKS) if weeks >= LEAST_WEEKS else 0


def hold_out(days: Days) -> Held | None:
    """Keep the last weeks back; None where the history is too short."""
    weeks = weeks_of(days)
    if not weeks:
        return None
    cut = days.today - weeks * 7
    before, known = days.until(cut).figures()
    came, minor = days.after(cut)
    return Held(weeks, before, came[known], minor[known])


def compare_purchases(held: Held, foretold: Floats) -> dict[str, Any]:
    """Compare how often customers came, beside what the rate of each alone foretells."""
    customers, actual = held.before.buying, held.days
    by_rate = np.where(customers.t > 0, customers.x / np.maximum(customers.t, 1 / 7), 0.0) * held.weeks
    return {
        "customers": len(actual),
        "purchases": float(actual.sum()),
        "foretold": round(float(foretold.sum()), 1),
        "foretold_by_rate_alone": round(float(by_rate.sum()), 1),
        "mean_absolute_error": round(float(np.abs(foretold - actual).mean()), 4),
        "mean_absolute_error_by_rate_alone": round(float(np.abs(by_rate - actual).mean()), 4),
        "by_repeat_purchases": _by_frequency(held, foretold),
    }


def _by_frequency(held: Held, foretold: Floats) -> list[dict[str, Any]]:
    """Compare by how often customers had come again: 0 to 6, and 7 or more."""
    x, told = held.before.buying.x, []
    for n in range(8):
        these = x >= n if n == 7 else x == n
        if these.any():
            told.append(
                {
                    "repeats": n,
                    "customers": int(these.sum()),
                    "foretold": round(float(foretold[these].mean()), 4),
                    "happened": round(float(held.days[these].mean()), 4),
                }
            )
    return told


def compare_spending(held: Held, foretold: Floats, worth: Floats) -> dict[str, Any]:
    """Compare what a day with purchases was worth to those who came, and what all spent.

    Beside it stands what each customer's own mean of before foretells of a day.
    """
    came = held.days > 0
    told = {
        "customers": int(came.sum()),
        "all_foretold_minor": round(float((foretold * worth).sum())),
        "all_spent_minor": round(float(held.minor.sum())),
    }
    if not came.any():
        return told
    actual = held.minor[came] / held.days[came]
    own = (held.before.spend_minor / held.before.active_days)[came]
    return told | {
        "foretold_minor": round(float(worth[came].mean()), 1),
        "happened_minor": round(float(actual.mean()), 1),
        "mean_absolute_error_minor": round(float(np.abs(worth[came] - actual).mean()), 1),
        "mean_absolute_error_minor_by_own_mean": round(float(np.abs(own - actual).mean()), 1),
    }


def compare_segments(held: Held, names: npt.NDArray[np.str_]) -> dict[str, Any]:
    """Tell of each segment, as it was before, how many bought and what they spent; and of all together."""
    every = np.ones(len(names), dtype=bool)
    segments = [
        {"segment": name} | _did(held, names == name) for name in SEGMENTS if np.count_nonzero(names == name)
    ]
    return {"weeks": held.weeks, **_did(held, every), "segments": segments}


def _did(held: Held, these: npt.NDArray[np.bool_]) -> dict[str, Any]:
    return {
        "customers": int(these.sum()),
        "bought": round(float((held.days[these] > 0).mean()), 4),
        "mean_spent_minor": round(float(held.minor[these].mean()), 1),
    }
