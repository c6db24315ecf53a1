"""Judges forecasts made elsewhere beside ours as days come true, and lets one stand in for ours."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Literal, NamedTuple, TypeAlias

from humidor_forecasting.choosing.work import SeriesOutput

PREFIX = "imported/"
QUANTILES = (0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975)
LEAST_RATIO, MOST_RATIO = 0.25, 4.0
Winner: TypeAlias = Literal["imported", "ours", "undecided"]


class Said(NamedTuple):
    """What a forecast says of a day: its mean, and quantiles by their probability."""

    mean: float
    quantiles: Mapping[float, float]


@dataclass(frozen=True)
class Day:
    """A day that has come true, as it was forecast from one data cut.

    `ours` was made of data no newer than that cut, None where none is kept; `naive` is the same weekday
    before it. `proven` days came true after the file had arrived: of the others the sender only says so.
    """

    data_until: date
    day: date
    proven: bool
    actual: float
    theirs: Said
    ours: Said | None
    naive: float


@dataclass(frozen=True)
class Score:
    """Mean quantile loss in sticks, and error and bias as shares of demand (None where there was none)."""

    cost: float
    wape: float | None
    bias: float | None


@dataclass(frozen=True)
class Terms:
    """When a verdict counts: after so many proven days, and by what share of our cost."""

    least_days: int = 14
    better_by: float = 0.03


@dataclass(frozen=True)
class Verdict:
    """Who forecast better, on how many days, and why; `trusted` where proven days alone say the same."""

    winner: Winner
    trusted: bool
    days: int
    proven_days: int
    theirs: Score | None = None
    ours: Score | None = None
    naive: Score | None = None
    reasons: list[str] = field(default_factory=list)


def judge(days: Sequence[Day], terms: Terms) -> Verdict:
    """Judge by the days for which ours is kept; both are asked the same probabilities."""
    compared = [each for each in days if each.ours is not None]
    proven = [each for each in compared if each.proven]
    counted, sure = _count(compared), _count(proven)
    if not compared:
        why = "no day that it forecast has come true yet"
        return Verdict("undecided", False, 0, 0, reasons=[why if not days else _NONE_OF_OURS])
    theirs, ours, naive = _scores(compared)
    winner = _winner(theirs, ours, terms)
    trusted = sure >= terms.least_days and _winner(*_scores(proven)[:2], terms) == winner
    reasons = [_compare(winner, theirs, ours, counted), *_remarks(compared, theirs, naive)]
    if sure < counted:
        reasons.append(f"{counted - sure} of the days had come true when the file arrived")
    if not trusted:
        reasons.append(f"{sure} proven days; a verdict counts from {terms.least_days} that say the same")
    return Verdict(winner, trusted, counted, sure, theirs, ours, naive, reasons)


_NONE_OF_OURS = "no forecast of ours from the same data cut is kept to compare it with"


def _count(days: Sequence[Day]) -> int:
    return len({each.day for each in days})


def _winner(theirs: Score, ours: Score, terms: Terms) -> Winner:
    return "imported" if theirs.cost < ours.cost * (1 - terms.better_by) else "ours"


def _compare(winner: Winner, theirs: Score, ours: Score, days: int) -> str:
    change = f"{theirs.cost / ours.cost - 1:+.0%} of it" if ours.cost else "more than nothing"
    losses = f"quantile loss {theirs.cost:.4g} beside our {ours.cost:.4g}, {change}, on {days} days"
    return f"{losses}: {'it is better' if winner == 'imported' else 'ours stays'}"


def _remarks(days: Sequence[Day], theirs: Score, naive: Score) -> list[str]:
    remarks = []
    if shared_probabilities(days) == (0.5,):
        remarks.append("it has no quantiles: its mean is taken for the median, and both are judged by that")
    if theirs.cost >= naive.cost:
        remarks.append("the same weekday of the week before its cut would have been as good")
    return remarks


def shared_probabilities(days: Sequence[Day]) -> tuple[float, ...]:
    """Give the probabilities that both say on every day; the median alone where there are none."""
    sets = [set(said.quantiles) for each in days for said in (each.theirs, each.ours) if said is not None]
    return tuple(sorted(set(QUANTILES).intersection(*sets))) or (0.5,)


def _scores(days: Sequence[Day]) -> tuple[Score, Score, Score]:
    chances = shared_probabilities(days)
    return (
        _score(days, [each.theirs for each in days], chances),
        _score(days, [each.ours or each.theirs for each in days], chances),
        _score(days, [Said(each.naive, {}) for each in days], chances),
    )


def _score(days: Sequence[Day], said: Sequence[Said], chances: Sequence[float]) -> Score:
    import numpy as np

    from humidor_forecasting.choosing.scores import bias, pinball, wape

    actual = np.array([each.actual for each in days])
    quantiles = np.array([[each.quantiles.get(p, each.mean) for p in chances] for each in said])
    means = np.array([each.mean for each in said])
    return Score(pinball(actual, quantiles, chances), wape(actual, means), bias(actual, means))


def stand_in(
    output: SeriesOutput, starts_on: date, probabilities: Sequence[float], theirs: Mapping[date, Said],
    named: tuple[str, str],
) -> SeriesOutput | None:  # fmt: skip
    """Put their figures in place of ours on the days that they have; None where they have none of them.

    What they do not say of a day (quantiles) is ours around their mean; sums of days keep the shape of ours,
    moved and widened as the days are. `named` is the source and why it was chosen.
    """
    covered = [starts_on + timedelta(days=i) in theirs for i in range(len(output.days))]
    if not any(covered):
        return None
    days = [
        _day(row, theirs[starts_on + timedelta(days=i)], probabilities) if covered[i] else row
        for i, row in enumerate(output.days)
    ]
    source, why = named
    notes = [*output.notes]
    if not all(covered):
        notes.append(f"{source} says nothing of {covered.count(False)} days: these are ours")
    return SeriesOutput(
        store_id=output.store_id, gtin=output.gtin, model=f"{PREFIX}{source}"[:100],
        model_version=output.model_version, challenger=output.model, kind=output.kind, days=days,
        cumulative=_sums(output, days), scores=output.scores,
        reasons=[f"the forecast of {source} stands in for ours: {why}", *output.reasons], notes=notes,
        fell_back=False, tried=output.tried, late=output.late, own_days=output.days,
    )  # fmt: skip


def _day(ours: Sequence[float], said: Said, probabilities: Sequence[float]) -> list[float]:
    shift = said.mean - ours[0]
    quantiles = [
        said.quantiles.get(p, max(own + shift, 0.0)) for p, own in zip(probabilities, ours[1:], strict=True)
    ]
    return [round(each, 4) for each in (said.mean, *sorted(quantiles))]


def _sums(output: SeriesOutput, days: Sequence[Sequence[float]]) -> list[list[float]]:
    width = len(days[0])
    mean = own_mean = 0.0
    spread, own_spread = [0.0] * width, [0.0] * width
    made = []
    for own, new, total in zip(output.days, days, output.cumulative, strict=True):
        mean, own_mean = mean + new[0], own_mean + own[0]
        quantiles = []
        for k in range(1, width):
            spread[k] += new[k] - new[0]
            own_spread[k] += own[k] - own[0]
            ratio = spread[k] / own_spread[k] if own_spread[k] else 1.0
            ratio = min(max(ratio, LEAST_RATIO), MOST_RATIO)
            quantiles.append(max(mean + ratio * (total[k] - total[0]), 0.0))
        made.append([round(each, 4) for each in (mean, *sorted(quantiles))])
    return made
