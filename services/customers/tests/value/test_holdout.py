"""What stands with a model is of weeks and customers that it has not seen: changing them changes no model."""

from collections.abc import Callable

import numpy as np
import pytest

from humidor_customers.testing.crowd import TODAY, leavers
from humidor_customers.value.fitting import fit_lifetime, fit_rfm
from humidor_customers.value.foretelling import fit_churn, fit_potential
from humidor_customers.value.history import Days
from humidor_customers.value.holdout import hold_out, weeks_of

HORIZON = 90


def with_later(days: Days, after: int, change: Callable[[Days], Days]) -> Days:
    """Change what came after a day, with all else as it was."""
    later = days.day > after
    earlier, rest = (
        Days(days.ids, days.who[these], days.day[these], days.purchases[these], days.minor[these], days.today)
        for these in (~later, later)
    )
    changed = change(rest)
    return days._replace(
        who=np.concatenate((earlier.who, changed.who)),
        day=np.concatenate((earlier.day, changed.day)),
        purchases=np.concatenate((earlier.purchases, changed.purchases)),
        minor=np.concatenate((earlier.minor, changed.minor)),
    )


def turned(days: Days) -> Days:
    """Give what came in the weeks kept back to others, and five times as dear."""
    return with_later(
        days,
        TODAY - 7 * weeks_of(days),
        lambda each: each._replace(who=(each.who + 7) % len(each.ids), minor=each.minor * 5),
    )


DAYS = leavers(600)
FIGURES, _ = DAYS.figures()
WEEKS = weeks_of(DAYS)
CUT = TODAY - 7 * WEEKS


def test_a_third_of_the_history_is_kept_back_four_weeks_at_least_and_half_a_year_at_most() -> None:
    assert WEEKS == 26
    for span, weeks in ((84, 4), (83, 0), (7 * 30, 10), (7 * 77, 25)):
        first = DAYS._replace(day=np.full(1, TODAY - span), who=np.zeros(1, dtype=int))
        assert weeks_of(first) == weeks
    held = hold_out(DAYS)
    assert held is not None
    assert held.before.today == CUT
    assert held.before.last_day.max() <= CUT
    known = set(held.before.ids)
    later = [DAYS.ids[who] in known for who in DAYS.who[DAYS.day > CUT]]
    assert held.days.sum() == sum(later)
    assert held.minor.sum() == pytest.approx(DAYS.minor[DAYS.day > CUT][later].sum())


def test_what_is_bought_in_the_weeks_kept_back_changes_what_is_compared_and_not_what_is_fitted() -> None:
    few = leavers(200)
    figures, _ = few.figures()
    one, other = (fit_lifetime(figures, days, 365).holdout for days in (few, turned(few)))
    assert one is not None
    assert other is not None
    assert one["fitted"] == other["fitted"]
    assert one["spending"]["fitted"] == other["spending"]["fitted"]
    assert one["foretold"] == other["foretold"]
    assert one["spending"]["all_foretold_minor"] == other["spending"]["all_foretold_minor"]
    assert one["mean_absolute_error"] < other["mean_absolute_error"]
    assert other["spending"]["happened_minor"] > 3 * one["spending"]["happened_minor"]

    spent = one["spending"]
    assert spent["reason"] is None
    assert spent["foretold_minor"] == pytest.approx(spent["happened_minor"], rel=0.1)
    by_own_mean = spent["mean_absolute_error_minor_by_own_mean"]
    assert spent["mean_absolute_error_minor"] == pytest.approx(by_own_mean, rel=0.2)
    assert spent["all_foretold_minor"] == pytest.approx(spent["all_spent_minor"], rel=0.5)


def test_segments_are_judged_as_they_were_before_the_weeks_kept_back() -> None:
    one, other = (fit_rfm(FIGURES, days, {}, {}).holdout for days in (DAYS, turned(DAYS)))
    assert one is not None
    assert other is not None
    of = {each["segment"]: each for each in one["segments"]}
    assert {name: each["customers"] for name, each in of.items()} == {
        each["segment"]: each["customers"] for each in other["segments"]
    }
    assert sum(each["customers"] for each in of.values()) == one["customers"]
    assert other["mean_spent_minor"] > 3 * one["mean_spent_minor"]
    assert of["champions"]["bought"] > one["bought"] > of["hibernating"]["bought"]
    assert of["champions"]["mean_spent_minor"] > one["mean_spent_minor"]
    assert (one["weeks"], one["bought"]) == (WEEKS, pytest.approx(of_all(), abs=1e-4))


def of_all() -> float:
    """Give the share of those known at the cut who bought after it, counted plainly."""
    known = set(DAYS.who[DAYS.day <= CUT])
    return len(known & set(DAYS.who[DAYS.day > CUT])) / len(known)


def test_segments_by_cycles_are_judged_by_the_cycles_of_then() -> None:
    used = {each: (10, n % 11) for n, each in enumerate(FIGURES.ids)}
    others = {each: (10, 10 - n % 11) for n, each in enumerate(FIGURES.ids)}
    one, other = (fit_rfm(FIGURES, DAYS, now, used) for now in (used, others))
    assert one.fit != other.fit
    assert one.holdout == other.holdout


def test_churn_and_potential_go_by_features_of_before_the_horizon() -> None:
    def spent_more(each: Days) -> Days:
        return each._replace(minor=each.minor * 5)

    def came_earlier(each: Days) -> Days:
        return each._replace(day=np.full(len(each.day), TODAY - HORIZON + 1))

    cut = TODAY - HORIZON
    churn = [
        fit_churn(FIGURES, days, "consumer", HORIZON, 0).parameters
        for days in (DAYS, with_later(DAYS, cut, spent_more), with_later(DAYS, cut, came_earlier))
    ]
    assert churn[0] == churn[1] == churn[2]
    potential = [
        fit_potential(FIGURES, days, "consumer", HORIZON).parameters
        for days in (DAYS, with_later(DAYS, cut, came_earlier))
    ]
    assert potential[0] == potential[1]
