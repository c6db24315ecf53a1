"""Levels over the real demand of a bakery; `make verify-published` runs it.

The file is not part of the repository: HUMIDOR_PUBLISHED_DATA says where it is, and without it nothing runs.
The demand of a day stands as it was, in its order (weekdays, seasons), or in random order (stationary).
"""

import csv
import gzip
import os
from collections import defaultdict, deque
from pathlib import Path
from random import Random
from statistics import mean, pstdev

import pytest

from humidor_inventory.policies.prepare import answer
from humidor_inventory.policies.schemas import PolicyInput

DATA = Path(os.environ.get("HUMIDOR_PUBLISHED_DATA") or "/nowhere") / "bakery_daily"
FILES = sorted(DATA.glob("*.csv.gz"))
POINT = 0.01
TARGETS = (0.90, 0.95, 0.98)
BLOCK_DAYS = 28

pytestmark = [
    pytest.mark.skipif(not FILES, reason="HUMIDOR_PUBLISHED_DATA holds no bakery_daily/*.csv.gz"),
    pytest.mark.timeout(600),
]


@pytest.fixture(scope="module")
def articles() -> dict[str, list[int]]:
    """Articles with 300 days and demand on 50 of them at least, in whole units."""
    found: dict[str, dict[str, float]] = defaultdict(dict)
    with gzip.open(FILES[0], "rt") as file:
        for row in csv.DictReader(file):
            found[row["unique_id"]][row["ds"]] = float(row["y"])
    series = {name: [max(0, round(days[day])) for day in sorted(days)] for name, days in found.items()}
    return {name: y for name, y in series.items() if len(y) >= 300 and sum(v > 0 for v in y) >= 50}


def level(history: list[int], times: tuple[int, int], target: float) -> int:
    given = {
        "policy": "R_S",
        "demand": {"history": history[:1100]},
        "lead_time_days": times[0],
        "review_days": times[1],
        "service": {"kind": "fill", "target": target},
    }
    return answer(PolicyInput(**given)).order_up_to


def served(demand: list[int], target_level: int, times: tuple[int, int]) -> int:
    """Units served from stock by a shop that orders up to the level at every review."""
    lead_time, review = times
    stock = position = target_level
    coming: deque[tuple[int, int]] = deque()
    total = 0
    for day, asked in enumerate(demand):
        while coming and coming[0][0] <= day:
            stock += coming.popleft()[1]
        total += max(0, min(asked, stock))
        stock, position = stock - asked, position - asked
        if (day + 1) % review == 0 and position < target_level:
            coming.append((day + 1 + lead_time, target_level - position))
            position = target_level
    return total


def halves(y: list[int]) -> tuple[list[int], list[int]]:
    """Every other four weeks to learn from, and those between."""
    both: tuple[list[int], list[int]] = ([], [])
    for i, units in enumerate(y):
        both[i // BLOCK_DAYS % 2].append(units)
    return both


def agree(learn: list[int], test: list[int]) -> bool:
    return abs(mean(test) / mean(learn) - 1) <= 0.10 and abs(pstdev(test) / pstdev(learn) - 1) <= 0.15


@pytest.mark.parametrize("target", TARGETS)
def test_steady_articles_serve_what_was_asked_for_in_the_real_order_of_days(
    articles: dict[str, list[int]], target: float
) -> None:
    times = (1, 1)
    parts = [halves(y) for y in articles.values()]
    steady = [pair for pair in parts if agree(*pair)]
    rates = []
    for name, pairs in (("steady", steady), ("all", parts)):
        asked = sum(sum(test) for _, test in pairs)
        rate = sum(served(test, level(learn, times, target), times) for learn, test in pairs) / asked
        print(f"L 1, R 1, asked {target:.0%}: {name} {len(pairs)} articles served {rate:.2%}")
        rates.append(rate)
    assert rates[0] == pytest.approx(target, abs=POINT)
    assert rates[1] == pytest.approx(target, abs=2 * POINT)


@pytest.mark.parametrize("target", TARGETS)
def test_real_days_in_random_order_serve_what_was_asked_for(
    articles: dict[str, list[int]], target: float
) -> None:
    times = (2, 7)
    asked = got = own = in_order = 0
    for name, y in articles.items():
        rng = Random(name)
        history = [day for _ in range(2) for day in rng.sample(y, len(y))]
        days = [day for _ in range(20) for day in rng.sample(y, len(y))]
        asked, got = asked + sum(days), got + served(days, level(history, times, target), times)
        learn, test = halves(y)
        own, in_order = own + sum(test), in_order + served(test, level(learn, times, target), times)
    print(
        f"L 2, R 7, asked {target:.0%}: in random order {got / asked:.2%}, in real order {in_order / own:.2%}"
    )
    assert got / asked == pytest.approx(target, abs=POINT)
