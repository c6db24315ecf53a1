"""Rolling-origin backtests: every candidate forecasts from the same past moments and sees nothing later."""

import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from humidor_forecasting.choosing.events import EventFree
from humidor_forecasting.models.interface import History, Model, Values

MOST_ORIGINS = 10


class TooSlow(Exception):  # noqa: N818 - reads as what has happened
    """A model took longer than it may."""


@dataclass(frozen=True)
class Plan:
    """After which periods forecasts are made, rising, and how many periods ahead."""

    ends: tuple[int, ...]
    horizon: int

    def actual(self, values: Values) -> Values:
        return np.array([values[end : end + self.horizon] for end in self.ends])


@dataclass(frozen=True)
class Trial:
    """What one model forecast from past moments and from now, `ahead`; or why it did not."""

    model: Model
    forecast: Values | None = None
    ahead: Values | None = None
    failure: str | None = None


def plan_backtest(count: int, horizon: int, season: int) -> Plan | None:
    """Choose origins: the last ones that leave a whole horizon, and two seasons (or a half) before.

    Short histories get a shorter horizon; with fewer than eight periods there is nothing to judge by.
    """
    if count < 8:
        return None
    ahead = max(1, min(horizon, count // 4))
    least = max(min(2 * season + 3, count // 2), 4)
    step = max(1, ahead // 2)
    ends = list(range(count - ahead, least - 1, -step))[:MOST_ORIGINS]
    return Plan(tuple(reversed(ends)), ahead) if ends else None


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Interrupt what takes longer; only in a process's main thread, where Python itself gets its turn.

    Compiled code that never returns is ended with its process by whoever waits for it.

    Raises:
        TooSlow: It took longer.
    """

    def interrupt(*_: object) -> None:
        raise TooSlow

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def try_models(
    models: Sequence[Model],
    history: History,
    plan: Plan,
    *,
    horizon: int,
    seconds_per_model: float,
    usual: EventFree | None = None,
) -> list[Trial]:
    """Let each model forecast from each origin and from now; who fails or is slow is out, and why is said.

    Models that are not told of events get the history without them, `usual`, and events are put back.
    """
    usual = EventFree.of(history, horizon) if usual is None else usual
    ends = [*plan.ends, len(history)]
    trials = []
    for model in models:
        if not model.suits(history.until(plan.ends[0])):
            continue
        try:
            with within(seconds_per_model), np.errstate(all="ignore"):
                made = np.maximum(_roll(model, history, usual, ends, horizon), 0.0)
        except TooSlow:
            trials.append(Trial(model, failure=f"took longer than {seconds_per_model:g} s"))
        except Exception as error:  # noqa: BLE001 - a model of anybody's may fail in any way
            trials.append(Trial(model, failure=f"{type(error).__name__}: {error}"[:200]))
        else:
            sound = made.shape == (len(plan.ends) + 1, horizon) and bool(np.isfinite(made).all())
            if sound and not _exploded(made, history):
                trials.append(Trial(model, made[:-1, : plan.horizon], made[-1]))
            else:
                trials.append(Trial(model, failure="gave no usable forecast"))
    return trials


def _roll(model: Model, history: History, usual: EventFree, ends: Sequence[int], horizon: int) -> Values:
    if getattr(model, "told", True):
        return model.roll(history, ends, horizon)
    return model.roll(usual, ends, horizon) * usual.ahead(ends, horizon)


def _exploded(made: Values, history: History) -> bool:
    """A hundred times what was ever seen is no forecast."""
    return float(made.max()) > 100.0 * max(float(history.values.max()), 1e-9)
