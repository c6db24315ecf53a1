"""From a recorded series to its forecast: clean, classify, try, judge, choose, forecast, say why.

The same input gives the same output on any machine with the same versions of code and libraries.
"""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from humidor_forecasting.choosing.analogues import forecast_by_analogues
from humidor_forecasting.choosing.backtest import Plan, Trial, plan_backtest, try_models
from humidor_forecasting.choosing.candidates import Past, choose, explain, judge_all, mix
from humidor_forecasting.choosing.cleaning import clean
from humidor_forecasting.choosing.closing import Flags, idle_ahead
from humidor_forecasting.choosing.errors import Errors, errors_around, learn_errors
from humidor_forecasting.choosing.events import EventFree
from humidor_forecasting.choosing.plain import beside_plain
from humidor_forecasting.choosing.uncertainty import day_means, day_quantiles, sum_quantiles
from humidor_forecasting.choosing.watch import watch_of
from humidor_forecasting.choosing.work import LEAST_OWN_DAYS, SeriesInput, SeriesOutput
from humidor_forecasting.models.interface import History, Values
from humidor_forecasting.models.registry import choose_ladder
from humidor_forecasting.models.simple import MovingAverage, SeasonalNaive
from humidor_forecasting.versions import CODE_VERSION

SHORT = 14
ADI_LIMIT, CV2_LIMIT = 1.32, 0.49


@dataclass(frozen=True)
class _Series:
    """A series on its way; `idle` are periods in which nothing was sold, though it could have been bought.

    `usual` is its history without events.
    """

    given: SeriesInput
    history: History
    usual: EventFree
    idle: Flags
    kind: str
    notes: list[str]

    def idle_after(self, ends: Sequence[int]) -> Flags:
        """Say which of the periods after each end are idle by rule."""
        return idle_ahead(self.idle, ends, self.given.horizon, self.given.season)

    def times_ahead(self) -> Values:
        """Give by how many times events change each day ahead."""
        return np.asarray(self.usual.ahead([len(self.history)], self.given.horizon)[0])


@dataclass(frozen=True)
class Verdict:
    """What was chosen and why; `fell_back` where there was no choice."""

    model: str
    reasons: list[str]
    challenger: str | None = None
    scores: dict[str, Any] = field(default_factory=dict)
    fell_back: bool = True
    tried: list[str] = field(default_factory=list)
    late: bool = False


def forecast_series(given: SeriesInput) -> SeriesOutput:
    """Forecast one series; every history gets a forecast, the poorest from the plainest model, said so."""
    series = _prepare(given)
    history = series.history
    if given.analogues and len(given.values) < LEAST_OWN_DAYS:
        return _by_analogues(series)
    if not len(history) or not history.values.any():
        return _nothing_sold(series)
    plan = plan_backtest(len(history), given.horizon, given.season)
    if given.fall_back or plan is None:
        return _plain(series)
    ladder = choose_ladder("short" if len(history) < SHORT else series.kind, given.ladder)
    trials = try_models(
        ladder, history, plan, horizon=given.horizon, seconds_per_model=given.seconds_per_model,
        usual=series.usual,
    )  # fmt: skip
    if not any(trial.failure is None for trial in trials):
        return _plain(series, trials)
    return _chosen(series, plan, trials)


def _prepare(given: SeriesInput) -> _Series:
    recorded = np.array([np.nan if each is None else each for each in given.values], dtype=np.float64)
    cleaned = clean(
        recorded,
        censored=given.censored,
        closed=given.closed,
        excused=given.excused,
        season=given.season,
    )
    begin = given.first_ordinal + round(cleaned.first * given.days_per_period)
    history = History(
        cleaned.values,
        given.season,
        begin,
        given.days_per_period,
        known=_columns(given.known, cleaned.first),
        seen=_columns(given.seen, cleaned.first),
    )
    idle = recorded <= 0.0
    idle[[place for place in given.closed if place < len(idle)]] = True
    idle[[place for place in given.censored if place < len(idle)]] = False
    usual = EventFree.of(history, given.horizon)
    series = _Series(given, history, usual, idle[cleaned.first :], classify(cleaned.values), cleaned.notes)
    if series.idle_after([len(history)]).any():
        series.notes.append("days of the season on which nothing has been sold for long are taken to stay so")
    return series


def classify(values: Values) -> str:
    """Name the kind of demand by interval and variation (Syntetos, Boylan & Croston 2005).

    Smooth: intervals below 1.32 periods, squared variation below 0.49; erratic, intermittent, lumpy beyond.
    """
    sizes = values[values > 0]
    interval = len(values) / len(sizes) if len(sizes) else np.inf
    variation = float((sizes.std() / sizes.mean()) ** 2) if len(sizes) else 0.0
    if interval < ADI_LIMIT:
        return "smooth" if variation < CV2_LIMIT else "erratic"
    return "intermittent" if variation < CV2_LIMIT else "lumpy"


def _columns(columns: Mapping[str, list[float]], first: int) -> dict[str, Values]:
    return {name: np.asarray(column[first:], dtype=np.float64) for name, column in columns.items()}


def _chosen(series: _Series, plan: Plan, trials: Sequence[Trial]) -> SeriesOutput:
    given, values = series.given, series.history.values
    idle = series.idle_after(plan.ends)[:, : plan.horizon]
    made = {trial.model.name: trial.forecast for trial in trials if trial.forecast is not None}
    made = {name: np.where(idle, 0.0, forecast) for name, forecast in made.items()}
    ahead = {trial.model.name: trial.ahead for trial in trials if trial.ahead is not None}
    past = Past(plan.actual(values), idle, values[: plan.ends[0]], given.season)
    found = judge_all(made, past)
    champion, challenger = choose(found, given.incumbent)
    judged = f"{len(plan.ends)} forecasts of {plan.horizon} periods each"
    verdict = Verdict(
        model=champion.name,
        challenger=challenger.name if challenger else None,
        scores={
            "champion": champion.scores | {"cost": champion.cost},
            "weights": dict(champion.weights),
            "candidates": {each.name: each.scores | {"cost": each.cost} for each in found},
            "origins": len(plan.ends),
            "model_versions": {trial.model.name: trial.model.version for trial in trials},
            "watch": watch_of(past.actual, champion.forecast),
        },
        reasons=[*explain(champion, challenger, found, judged), *series.usual.explain()],
        fell_back=False,
        tried=sorted(made),
    )
    noted = replace(series, notes=[*series.notes, *_failures(trials)])
    errors = learn_errors(past.actual, champion.forecast, idle)
    return _output(noted, mix(ahead, champion.weights), errors, verdict)


def _failures(trials: Sequence[Trial]) -> list[str]:
    return [f"{trial.model.name} is out: {trial.failure}" for trial in trials if trial.failure]


def _plain(series: _Series, trials: Sequence[Trial] | None = None) -> SeriesOutput:
    """Forecast without a choice: too little to judge by, or (with `trials`) nobody came through."""
    given, history = series.given, series.history
    model = SeasonalNaive() if len(history) >= 4 * given.season else MovingAverage()
    ahead = model.forecast(series.usual.until(len(history)), given.horizon) * series.times_ahead()
    errors = errors_around(history.values[-8 * given.season :])
    late = given.fall_back or trials is not None
    why = "no model came through in time" if late else "too little history to judge models by"
    verdict = Verdict(model=model.name, reasons=[f"{why}: {model.name} is taken"], late=late)
    return _output(replace(series, notes=[*series.notes, *_failures(trials or ())]), ahead, errors, verdict)


def _nothing_sold(series: _Series) -> SeriesOutput:
    """Nothing was ever wanted: zero. How much it would be is not known, that it is seldom is."""
    errors = errors_around(np.zeros(2))
    verdict = Verdict(model="zero", reasons=["nothing has been wanted yet"])
    return _output(replace(series, kind="none"), np.zeros(series.given.horizon), errors, verdict)


def _by_analogues(series: _Series) -> SeriesOutput:
    """Too new to have a history: what is like it has one."""
    given = series.given
    made = forecast_by_analogues(given, seed=_seed(given))
    return SeriesOutput(
        store_id=given.store_id,
        gtin=given.gtin,
        model="analogues",
        model_version=CODE_VERSION,
        challenger=None,
        kind="new",
        days=_rows(*made.days),
        cumulative=_rows(*made.sums),
        scores={},
        reasons=made.reasons,
        notes=[*series.notes, *made.notes],
        fell_back=True,
    )


def _seed(given: SeriesInput) -> int:
    return zlib.crc32(f"{given.store_id}/{given.gtin}".encode())


def _output(series: _Series, ahead: Values, errors: Errors, verdict: Verdict) -> SeriesOutput:
    given = series.given
    idle = series.idle_after([len(series.history)])[0]
    days = day_quantiles(ahead, errors, given.probabilities, idle)
    means, sums = sum_quantiles(ahead, errors, given.probabilities, _seed(given), idle)
    usual = series.usual.until(len(series.history))
    sums = beside_plain(sums, usual, given.probabilities, idle, series.times_ahead())
    return SeriesOutput(
        store_id=given.store_id,
        gtin=given.gtin,
        model=verdict.model,
        model_version=CODE_VERSION,
        challenger=verdict.challenger,
        kind=series.kind,
        days=_rows(day_means(ahead, errors, idle), days),
        cumulative=_rows(means, sums),
        scores=verdict.scores,
        reasons=verdict.reasons,
        notes=series.notes,
        fell_back=verdict.fell_back,
        tried=verdict.tried,
        late=verdict.late,
    )


def _rows(means: Values, quantiles: Values) -> list[list[float]]:
    return [
        [round(float(each), 4) for each in (mean, *row)] for mean, row in zip(means, quantiles, strict=True)
    ]
