"""How long association rules take, against mlxtend on the same baskets in the same run, with the same rules.

The baskets are Groceries where DATA is at hand, and made ones: a million lines with a long tail of products.
"""

import os
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from benchmarks.report import Result
from benchmarks.system import System
from humidor_customers.mining.rules.affinity import Enough, Purchases, find_affinities
from humidor_customers.mining.rules.associations import Least, Rules, derive_rules
from humidor_customers.mining.rules.baskets import Baskets, encode, make_baskets
from humidor_customers.mining.rules.itemsets import Limits, count_for, frequent_itemsets

SEED = 20261126
MADE, SHORT_MADE = 200_000, 8_000
PRODUCTS = 500
WIDEST = 6
CONFIDENCE = 0.5
_GROCERIES = Path(os.environ.get("HUMIDOR_PUBLISHED_DATA", "../shared/data")) / "groceries" / "groceries.csv"


def bench_mining(system: System) -> list[Result]:
    """Find sets and rules by both, compare every one of them, and say how ours grows with the baskets."""
    rounds = system.effort.rounds
    made = SHORT_MADE if system.effort.short else MADE
    results = [_against(f"made_{made}", make(made), 0.002, rounds)]
    if _GROCERIES.exists():
        results.append(_against("groceries", groceries(), 0.001, rounds))
    results.append(_growth(made, rounds))
    return [*results, _affinities(10 * made, rounds)]


def make(count: int, seed: int = SEED) -> Baskets:
    """Make baskets of 1 to 20 of 500 products, few of them often bought, some mostly together."""
    random = np.random.default_rng(seed)
    sizes = np.minimum(1 + random.geometric(0.28, count), 20)
    items = np.minimum((PRODUCTS * random.power(0.35, int(sizes.sum()))).astype(np.int64), PRODUCTS - 1)
    baskets = np.repeat(np.arange(count), sizes)
    together = random.random(len(items)) < 0.3
    items[together] = items[together] // 8 * 8 + baskets[together] % 3
    return make_baskets(baskets, items, [str(n) for n in range(PRODUCTS)])


def groceries() -> Baskets:
    lines = [line.split(",") for line in _GROCERIES.read_text().splitlines()]
    codes, names = encode([item for line in lines for item in line])
    return make_baskets(np.repeat(np.arange(len(lines)), [len(line) for line in lines]), codes, names)


def mine(baskets: Baskets, support: float) -> Rules:
    levels = frequent_itemsets(baskets, Limits(count_for(support, baskets.number)))
    return derive_rules(levels, len(baskets.names), baskets.number, Least(CONFIDENCE, WIDEST))


def _against(name: str, baskets: Baskets, support: float, rounds: int) -> Result:
    ours, rules = _timed(lambda: mine(baskets, support), rounds)
    frame = _frame(baskets)
    theirs, table = _timed(lambda: _mlxtend(frame, support), rounds)
    found = _rules_of(rules)
    if found != _rules_of_mlxtend(table, baskets.number):
        raise RuntimeError(f"{name}: {len(found)} rules of ours are not those of mlxtend, {len(table)}")
    return Result(
        name=f"mining.rules_{name}",
        unit="s",
        value=ours,
        limit=theirs,
        better="lower",
        target=1.0,
        note=f"{baskets.number:,} baskets, support {support}, {len(found):,} rules, each the same; limit: "
        "mlxtend (fpgrowth, association_rules) on a frame that is there already",
    )


def _timed(work: Callable[[], Any], rounds: int) -> tuple[float, Any]:
    times, result = [], None
    for _ in range(rounds):
        began = time.perf_counter()
        result = work()
        times.append(time.perf_counter() - began)
    return median(times), result


def _frame(baskets: Baskets) -> Any:
    import pandas as pd

    dense = np.zeros((baskets.number, len(baskets.names)), bool)
    dense[np.repeat(np.arange(baskets.number), np.diff(baskets.offsets)), baskets.items] = True
    return pd.DataFrame(dense, columns=range(len(baskets.names)))


def _mlxtend(frame: Any, support: float) -> Any:
    from mlxtend.frequent_patterns import association_rules, fpgrowth

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return association_rules(
            fpgrowth(frame, min_support=support), metric="confidence", min_threshold=CONFIDENCE
        )


def _rules_of(rules: Rules) -> set[tuple[Any, ...]]:
    rows = zip(
        rules.antecedents.tolist(),
        rules.consequents.tolist(),
        rules.counts.tolist(),
        rules.lift.tolist(),
        strict=True,
    )
    return {(_set(before), _set(after), count, round(lift, 9)) for before, after, count, lift in rows}


def _set(codes: list[int]) -> frozenset[int]:
    return frozenset(code for code in codes if code >= 0)


def _rules_of_mlxtend(table: Any, baskets: int) -> set[tuple[Any, ...]]:
    rows = zip(table["antecedents"], table["consequents"], table["support"], table["lift"], strict=True)
    return {
        (before, after, round(support * baskets), round(lift, 9)) for before, after, support, lift in rows
    }


def _growth(count: int, rounds: int) -> Result:
    """Set twice the baskets against once, at the same share of support."""
    once, _ = _timed(lambda: mine(make(count), 0.002), rounds)
    twice, _ = _timed(lambda: mine(make(2 * count), 0.002), rounds)
    return Result(
        name="mining.rules_growth",
        unit="x",
        value=twice / once,
        better="lower",
        target=2.5,
        note=f"{2 * count:,} baskets against {count:,}, making them included",
    )


def _affinities(purchases: int, rounds: int) -> Result:
    random = np.random.default_rng(SEED)
    columns = [random.integers(0, size, purchases) for size in (50, 100, 24, 100_000)]
    seconds, found = _timed(lambda: find_affinities(Purchases(*columns), 24, Enough()), rounds)
    return Result(
        name="mining.affinities",
        unit="purchases/s",
        value=purchases / seconds,
        note=f"{purchases:,} purchases of 50 groups and 100 brands, {len(found.counts):,} exact tests",
    )
