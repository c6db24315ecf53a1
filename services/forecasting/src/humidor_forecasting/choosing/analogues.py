"""Forecasts what has no history from what is like it: the same product elsewhere, or products alike.

Each analogue gives a curve: its own first days where its introduction was seen, else what it sells now, by
weekday, scaled to the store. How far the curves lie apart is how uncertain the level is; the first days of
its own draw the level towards them (a normal prior and a normal likelihood of the logarithm).
"""

from dataclasses import dataclass

import msgspec
import numpy as np

from humidor_forecasting.choosing.cleaning import ABSURD_TIMES, MEANT_TIMES, cut_absurd
from humidor_forecasting.choosing.work import Analogue, SeriesInput
from humidor_forecasting.models.interface import Values

DRAWS = 2000
LEAST_SPREAD = 0.4
"""Standard deviation of log levels: the least that things alike are taken to differ by (a factor of 1.5)."""
ALONE_SPREAD = 0.7
LEAST_LEVEL = 0.1
MOST_DEVIATIONS = 3.5
MOST_NAMED = 5


@dataclass(frozen=True)
class Made:
    """Mean and quantiles of days, and of the first 1, 2 … days together; whom they were learnt from.

    `notes` say which amounts were absurd.
    """

    days: tuple[Values, Values]
    sums: tuple[Values, Values]
    reasons: list[str]
    notes: list[str]


@dataclass(frozen=True)
class _Level:
    """The logarithm of how much is sold a day: its centre, its spread, and how many analogues it is worth."""

    centre: float
    spread: float
    worth: float


def forecast_by_analogues(given: SeriesInput, *, seed: int) -> Made:
    """Forecast a series with fewer than eight days of its own from `analogues`, at least one."""
    given, notes = _without_absurdities(given)
    weights = np.array([each.weight for each in given.analogues])
    weights /= weights.sum()
    own = np.array(given.values, dtype=np.float64)
    curves = np.array([_curve(each, given, len(own)) for each in given.analogues])
    levels = np.maximum(curves.mean(axis=1), LEAST_LEVEL)
    shape = weights @ (curves / levels[:, None])
    noise = float(weights @ np.array([_noise(each) for each in given.analogues]))
    level = _update(_pool(levels, weights), own, shape, noise)
    paths = _draw(level, shape[len(own) :], noise, np.random.default_rng(seed))
    paths[:, : min(given.begins, given.horizon)] = 0.0
    chances = np.asarray(given.probabilities)
    sums = paths.cumsum(axis=1)
    return Made(
        days=(paths.mean(axis=0), np.quantile(paths, chances, axis=0).T),
        sums=(sums.mean(axis=0), np.quantile(sums, chances, axis=0).T),
        reasons=_reasons(given, weights, level),
        notes=notes,
    )


def _without_absurdities(given: SeriesInput) -> tuple[SeriesInput, list[str]]:
    """Cut absurd amounts of the analogues and of the series' own days, its first ones by what is alike."""
    found = [_cut(each) for each in given.analogues]
    alike, notes = [each for each, _ in found], [note for _, said in found for note in said]
    own = np.array([each or 0.0 for each in given.values], dtype=np.float64)
    own, _ = cut_absurd(own, np.isin(np.arange(len(own)), given.excused))
    greatest = max(each.scale * max([*each.launch, *each.recent], default=0.0) for each in alike)
    absurd = own > MEANT_TIMES * ABSURD_TIMES * greatest
    if greatest > 0 and absurd.any():
        notes.append(
            f"{int(absurd.sum())} absurd amounts cut to {greatest:.9g}, the most that anything alike sold"
            f" in a day (the greatest was {own.max():.9g})"
        )
        own = np.where(absurd, greatest, own)
    return msgspec.structs.replace(given, values=own.tolist(), analogues=alike), notes


def _cut(analogue: Analogue) -> tuple[Analogue, list[str]]:
    launch, recent = (cut_absurd(np.array(each)) for each in (analogue.launch, analogue.recent))
    cut = msgspec.structs.replace(analogue, launch=launch[0].tolist(), recent=recent[0].tolist())
    said = dict.fromkeys([*launch[1], *recent[1]])
    return cut, [f"{analogue.gtin} in {analogue.store_id}: {note}" for note in said]


def _curve(analogue: Analogue, given: SeriesInput, own_days: int) -> Values:
    """Give what the analogue would sell on the series' own days and on those of the forecast."""
    count = own_days + given.horizon
    days = given.first_ordinal + np.arange(count)
    recent = np.array(analogue.recent, dtype=np.float64)
    average = float(recent.mean()) if len(recent) else 0.0
    path = np.full(count, average)
    if analogue.launch:
        launch = _smooth(np.array(analogue.launch, dtype=np.float64))
        ages = np.clip(np.arange(count) - given.begins, 0, len(launch) - 1)
        path = launch[ages]
    return np.asarray(analogue.scale * path * _weekdays(recent, analogue.recent_ordinal, average)[days % 7])


def _smooth(values: Values) -> Values:
    """Take the week out: the mean of the seven days around."""
    padded = np.concatenate([values[:3][::-1], values, values[-3:][::-1]]) if len(values) > 3 else values
    if len(padded) < 7:
        return np.full(len(values), values.mean())
    return np.convolve(padded, np.full(7, 1 / 7), mode="valid")[: len(values)]


def _weekdays(recent: Values, first: int, average: float) -> Values:
    """What each weekday has of the average, drawn a little towards it."""
    if average <= 0:
        return np.ones(7)
    places = (first + np.arange(len(recent))) % 7
    sums = np.bincount(places, weights=recent, minlength=7) + average
    index = sums / (np.bincount(places, minlength=7) + 1.0) / average
    return np.asarray(index / index.mean())


def _noise(analogue: Analogue) -> float:
    """Variation of days around their weekday's mean, as a share of the mean."""
    recent = np.array(analogue.recent, dtype=np.float64)
    average = float(recent.mean()) if len(recent) else 0.0
    if average <= 0 or len(recent) < 14:
        return 1.0
    expected = (
        average
        * _weekdays(recent, analogue.recent_ordinal, average)[
            (analogue.recent_ordinal + np.arange(len(recent))) % 7
        ]
    )
    return float(np.clip((recent - expected).std() / average, 0.1, 3.0))


def _pool(levels: Values, weights: Values) -> _Level:
    logs = np.log(levels)
    centre = float(weights @ logs)
    worth = float(1.0 / (weights**2).sum())
    if worth < 1.5:
        return _Level(centre, ALONE_SPREAD, worth)
    spread = float(np.sqrt((weights @ (logs - centre) ** 2) * worth / (worth - 1.0)))
    return _Level(centre, max(spread, LEAST_SPREAD) * float(np.sqrt(1.0 + 1.0 / worth)), worth)


def _update(prior: _Level, own: Values, shape: Values, noise: float) -> _Level:
    """Draw the level towards the first days of the series itself."""
    if not len(own):
        return prior
    expected = float(np.exp(prior.centre) * shape[: len(own)].sum())
    seen = float(np.log((own.sum() + LEAST_LEVEL) / (expected + LEAST_LEVEL)))
    variance, trusted = prior.spread**2, (noise**2 + 0.1) / len(own)
    gain = variance / (variance + trusted)
    return _Level(prior.centre + gain * seen, float(np.sqrt((1 - gain) * variance)), prior.worth)


def _draw(level: _Level, shape: Values, noise: float, random: np.random.Generator) -> Values:
    """Draw demand: the level from a Student distribution, days around it from a gamma distribution."""
    freedom = max(level.worth - 1.0, 3.0)
    away = np.clip(random.standard_t(freedom, DRAWS), -MOST_DEVIATIONS, MOST_DEVIATIONS)
    levels = np.exp(level.centre + level.spread * away)
    days = random.gamma(1.0 / noise**2, noise**2, (DRAWS, len(shape)))
    return np.asarray(levels[:, None] * shape * days)


def _reasons(given: SeriesInput, weights: Values, level: _Level) -> list[str]:
    days = len(given.values)
    begin = f"{days} days of its own" if days else "no history of its own"
    ordered = sorted(zip(weights, given.analogues, strict=True), key=lambda pair: -float(pair[0]))
    named = [f"{each.gtin} in {each.store_id} ({weight:.0%}): {each.why}" for weight, each in ordered]
    wide = np.exp(1.2816 * level.spread)
    found = [
        f"{begin}: forecast from {len(named)} alike",
        *named[:MOST_NAMED],
        f"four times out of five the level lies between 1/{wide:.1f} and {wide:.1f} times the median",
    ]
    if not any(each.launch for each in given.analogues):
        found.append("no introduction of anything alike was seen: what they sell now is taken")
    return found
