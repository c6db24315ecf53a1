"""The association rules of Groceries (9,835 baskets; Hahsler, Hornik & Reutterer 2006), counted exactly.

The file is not part of the repository: HUMIDOR_PUBLISHED_DATA says where it is, and without it nothing runs.
"""

import os
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from humidor_customers.mining.rules.associations import Least, Rules, derive_rules
from humidor_customers.mining.rules.baskets import Baskets, encode, make_baskets
from humidor_customers.mining.rules.itemsets import Limits, count_for, frequent_itemsets

FILE = Path(os.environ.get("HUMIDOR_PUBLISHED_DATA") or "/nowhere") / "groceries" / "groceries.csv"

pytestmark = pytest.mark.skipif(not FILE.exists(), reason="HUMIDOR_PUBLISHED_DATA holds no groceries.csv")


@pytest.fixture(scope="module")
def baskets() -> Baskets:
    lines = [line.split(",") for line in FILE.read_text().splitlines()]
    codes, names = encode([item for line in lines for item in line])
    numbers = np.repeat(np.arange(len(lines)), [len(line) for line in lines])
    return make_baskets(numbers, codes, names)


def rules_of(baskets: Baskets, support: float, confidence: float) -> Rules:
    levels = frequent_itemsets(baskets, Limits(count_for(support, baskets.number)))
    return derive_rules(levels, len(baskets.names), baskets.number, Least(confidence))


def test_the_published_numbers_of_rules_are_found(baskets: Baskets) -> None:
    assert (baskets.number, len(baskets.names)) == (9835, 169)
    rules = rules_of(baskets, 0.001, 0.5)
    sizes = Counter(((rules.antecedents >= 0).sum(axis=1) + 1).tolist())
    assert len(rules.counts) == 5668
    assert [sizes[size] for size in range(2, 7)] == [11, 1461, 3211, 939, 46]
    assert len(rules_of(baskets, 0.001, 0.8).counts) == 410
    assert len(rules_of(baskets, 0.006, 0.25).counts) == 463


def test_the_best_lift_is_that_of_instant_food_and_soda(baskets: Baskets) -> None:
    rules = rules_of(baskets, 0.001, 0.5)
    assert round(float(rules.lift[0]), 4) == 18.9957
    best = {baskets.names[code] for code in rules.antecedents[0].tolist() if code >= 0}
    assert best == {"Instant food products", "soda"}
    assert baskets.names[rules.consequents[0, 0]] == "hamburger meat"
