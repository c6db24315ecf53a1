"""Accuracy on the public sets: what is chosen against seasonal naive, AutoETS alone and Prophet alone.

    make bench-forecast        BENCH_SHORT=1 for a glance at some series of each set

The sets are read from the folder that DATA (or HUMIDOR_PUBLISHED_DATA) names; those that are not there are
left out, and it is said. All methods forecast the same series from the same origins; MASE and WAPE judge the
median forecast of ours and the point forecast of the others, cut at zero. Coverage is that of the intervals
as they are published: ours begin with nothing where nothing is likely, those of the libraries are central.
`others` stands for sets of `forecast_others`.
"""

import os
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from importlib.util import find_spec
from multiprocessing import get_context

from benchmarks.forecast_others import OTHERS
from benchmarks.forecast_sets import SETS, Task, read_tasks
from benchmarks.forecast_trial import METHODS, Scored, run_task
from benchmarks.report import Result, merge
from benchmarks.system import System

PROCESSES = 2


def measure(pool: ProcessPoolExecutor, tasks: Sequence[Task]) -> list[Scored]:
    return [scored for found in pool.map(run_task, tasks, chunksize=1) for scored in found]


def mean(found: Sequence[Scored], method: str, measure_: str) -> float:
    """Give the mean of MASE over series; WAPE and the rest are of all series' sums together."""
    own = [each for each in found if each.method == method]
    if measure_ == "mase":
        return sum(each.mase for each in own) / len(own)
    if measure_ == "wape":
        return sum(each.absolute_error for each in own) / max(sum(each.demand for each in own), 1e-12)
    counted = [each for each in own if getattr(each, measure_) is not None]
    return float(sum(getattr(each, measure_) for each in counted) / max(len(counted), 1))


def show(name: str, found: Sequence[Scored], seconds: float) -> list[Result]:
    """Print the table of a set and give its figures."""
    methods = [each for each in METHODS if any(s.method == each for s in found)]
    singles = sorted({each.method for each in found} - set(methods))
    series, ours = len({each.series for each in found}), _of(found, "humidor")
    print(f"\n{name}: {series} series, {len(ours)} forecasts, {seconds:.0f} s")
    print(f"  {'method':<26}{'MASE':>8}{'WAPE':>8}{'pinball':>9}{'80 %':>7}{'95 %':>7}")
    for method in methods:
        cells = [mean(found, method, each) for each in ("mase", "wape", "pinball", "inside_80", "inside_95")]
        print(
            f"  {method:<26}{cells[0]:>8.3f}{cells[1]:>8.3f}{cells[2]:>9.3f}{cells[3]:>7.1%}{cells[4]:>7.1%}"
        )
    for method in singles:
        alone, chosen, count = _paired(found, method)
        print(f"  {method:<26}{'':>16}{alone:>9.3f}  on {count} forecasts, chosen there {chosen:.3f}")
    results = _results(name, found, [each for each in methods if each != "humidor"])
    return results + _single(
        name, found, [each for each in singles if _paired(found, each)[2] * 2 >= len(ours)]
    )


def _of(found: Sequence[Scored], method: str) -> dict[tuple[str, int], Scored]:
    return {(each.series, each.end): each for each in found if each.method == method}


def _paired(found: Sequence[Scored], method: str) -> tuple[float, float, int]:
    """Give the quantile loss of a model alone, that of ours on the same forecasts, and how many they are."""
    alone, ours = _of(found, method), _of(found, "humidor")
    losses = [sum(own[each].pinball for each in alone) / len(alone) for own in (alone, ours)]
    return losses[0], losses[1], len(alone)


def _single(name: str, found: Sequence[Scored], singles: Sequence[str]) -> list[Result]:
    """Compare with the model that comes nearest, of those tried for at least half of the forecasts."""
    if not singles:
        return []
    best = min(singles, key=lambda each: _paired(found, each)[0] / _paired(found, each)[1])
    alone, chosen, _ = _paired(found, best)
    return [
        Result(name=f"forecast.{name}.pinball_of_models", unit="", value=chosen, limit=alone,
               better="lower", target=1.0, note=f"the nearest of its own models is {best}")
    ]  # fmt: skip


def _results(name: str, found: Sequence[Scored], others: Sequence[str]) -> list[Result]:
    results = []
    for measure_ in ("mase", "wape", "pinball"):
        best = min(others, key=lambda each: mean(found, each, measure_))
        results.append(
            Result(name=f"forecast.{name}.{measure_}", unit="", value=mean(found, "humidor", measure_),
                   limit=mean(found, best, measure_), better="lower", target=1.0,
                   note=f"the best of {', '.join(others)} is {best}")
        )  # fmt: skip
    for level in (80, 95):
        off = abs(mean(found, "humidor", f"inside_{level}") - level / 100) * 100
        results.append(Result(name=f"forecast.{name}.coverage_{level}_off", unit="points", value=off,
                              better="lower", target=3.0, note=f"coverage is off {level} % by"))  # fmt: skip
    return results


def measure_sets(names: Sequence[str], *, short: bool) -> list[Result]:
    """Print a table a set and give the figures; those of a glance prove nothing, so they are none."""
    results: list[Result] = []
    if find_spec("prophet") is None:
        print("prophet is not installed: it is left out (pip install prophet)")
    with ProcessPoolExecutor(PROCESSES, mp_context=get_context("spawn")) as pool:
        for name in names:
            tasks = read_tasks((SETS | OTHERS)[name], short=short)
            if not tasks:
                print(f"{name}: the set is not here")
                continue
            begun = time.perf_counter()
            results += show(name, measure(pool, tasks), time.perf_counter() - begun)
    print("\na glance at a few forecasts, which proves nothing and is not kept" if short else "")
    return [] if short else results


def bench_forecast(system: System) -> list[Result]:
    return measure_sets(list(SETS), short=system.effort.short)


def main() -> int:
    short = os.environ.get("BENCH_SHORT", "0") not in {"", "0"}
    names = [name for each in sys.argv[1:] or SETS for name in (OTHERS if each == "others" else [each])]
    results = measure_sets(names, short=short)
    merge(results)
    for each in results:
        verdict = "" if each.met is None else ("met" if each.met else "NO")
        print(f"{each.name:<42}{each.value:>9.3f} {verdict:<4}{each.note}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
