"""BG/NBD, MBG/NBD and gamma-gamma over the real customers of CDNOW, as published; `make verify-published`.

The file is not part of the repository: HUMIDOR_PUBLISHED_DATA says where it is, and without it nothing runs.
"""

import csv
import os
from collections import defaultdict
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from humidor_customers.estimates import buying, spending
from humidor_customers.estimates.buying import Customers
from humidor_customers.value.fitting import fit_lifetime, fit_rfm
from humidor_customers.value.history import Days

DATA = Path(os.environ.get("HUMIDOR_PUBLISHED_DATA") or "/nowhere") / "cdnow"
SUMMARY = DATA / "cdnow_customers_summary.csv"
PURCHASES = DATA / "CDNOW_sample.txt"

pytestmark = pytest.mark.skipif(
    not SUMMARY.exists(), reason="HUMIDOR_PUBLISHED_DATA holds no cdnow/cdnow_customers_summary.csv"
)


@pytest.fixture(scope="module")
def rows() -> dict[int, tuple[float, float, float]]:
    with SUMMARY.open() as file:
        return {
            int(row["ID"]): (float(row["frequency"]), float(row["recency"]), float(row["T"]))
            for row in csv.DictReader(file)
        }


def test_the_fit_is_the_published_one(rows: dict[int, tuple[float, float, float]]) -> None:
    x, t_x, t = np.array(list(rows.values())).T
    customers = Customers(x.astype(np.int64), t_x, t)
    model = buying.fit(customers)
    assert len(x) == 2357
    assert model.r == pytest.approx(0.243, abs=0.0006)
    assert model.alpha == pytest.approx(4.414, abs=0.006)
    assert model.a == pytest.approx(0.793, abs=0.002)
    assert model.b == pytest.approx(2.426, abs=0.01)
    assert model.log_likelihood == pytest.approx(-9582.4, abs=0.05)
    assert buying.expected(model, customers, 39)[list(rows).index(1)] == pytest.approx(1.226, abs=0.001)
    place = list(rows).index(1516)
    assert buying.expected(model, customers, 52)[place] == pytest.approx(25.757, abs=0.01)
    assert buying.alive(model, customers)[place] == pytest.approx(0.96885, abs=0.0001)


def test_the_modified_fit_is_that_of_other_implementations(
    rows: dict[int, tuple[float, float, float]],
) -> None:
    """As BTYDplus (Platzer) and the tests of lifetimes (Davidson-Pilon) have it for these customers."""
    x, t_x, t = np.array(list(rows.values())).T
    model = buying.fit(Customers(x.astype(np.int64), t_x, t), "mbg")
    found = [model.r, model.alpha, model.a, model.b]
    assert found == pytest.approx([0.525, 6.183, 0.891, 1.614], abs=0.001)


def purchases() -> dict[int, dict[date, float]]:
    """Give the dollars of each day of each customer of the sample, over 78 weeks."""
    days: dict[int, dict[date, float]] = defaultdict(lambda: defaultdict(float))
    for line in PURCHASES.read_text().splitlines():
        _, customer, day, _, dollars = line.split()
        days[int(customer)][date.fromisoformat(day)] += float(dollars)
    return days


def repeat_means() -> dict[int, list[float]]:
    """Give what each customer spent on each day on which it came again, of the first 39 weeks."""
    last = date(1997, 9, 30)
    return {
        customer: [spent[day] for day in sorted(spent) if day <= last][1:]
        for customer, spent in purchases().items()
    }


@pytest.mark.skipif(not PURCHASES.exists(), reason="HUMIDOR_PUBLISHED_DATA holds no cdnow/CDNOW_sample.txt")
def test_the_value_of_a_purchase_is_the_published_one() -> None:
    """Fader and Hardie, The Gamma-Gamma Model of Monetary Value (2013): parameters, and first ten customers.

    The values of the ten are those of the spreadsheet to it, as the tests of lifetimes have them.
    """
    again = repeat_means()
    x = np.array([len(again[n]) for n in sorted(again)])
    means = np.array([np.mean(again[n] or [0.0]) for n in sorted(again)])
    model = spending.fit(x, means)
    assert (len(x), model.customers) == (2357, 946)
    assert model.p == pytest.approx(6.25, abs=0.005)
    assert model.q == pytest.approx(3.74, abs=0.005)
    assert model.gamma == pytest.approx(15.44, abs=0.01)
    published = [24.65, 18.91, 35.17, 35.17, 35.17, 71.46, 18.91, 35.17, 27.28, 35.17]
    assert spending.value_of_purchase(model, x, means)[:10] == pytest.approx(published, abs=0.02)


@pytest.mark.skipif(not PURCHASES.exists(), reason="HUMIDOR_PUBLISHED_DATA holds no cdnow/CDNOW_sample.txt")
def test_the_weeks_kept_back_come_as_foretold() -> None:
    """No published figures: of weeks 54 to 78, what was measured and stands in docs/customers/value.md."""
    begin = date(1990, 1, 1)
    every = [(n, (day - begin).days, spent[day]) for n, spent in purchases().items() for day in spent]
    who, day, dollars = np.array(every).T
    ids = [f"{n:05}" for n in range(2357)]
    last = int(day.max())
    days = Days(ids, who.astype(int) - 1, day.astype(int), np.ones(len(who)), dollars * 100, last)
    figures, _ = days.figures()
    held = fit_lifetime(figures, days, 365).holdout
    assert held is not None
    assert (held["weeks"], held["purchases"]) == (25, 1105)
    assert held["foretold"] == pytest.approx(1105, rel=0.01)
    assert held["mean_absolute_error"] < 0.85 * held["mean_absolute_error_by_rate_alone"]
    spent = held["spending"]
    assert spent["all_foretold_minor"] == pytest.approx(spent["all_spent_minor"], rel=0.03)
    judged = fit_rfm(figures, days, {}, {}).holdout
    assert judged is not None
    bought = {each["segment"]: each["bought"] for each in judged["segments"]}
    assert judged["bought"] == pytest.approx(0.2138, abs=1e-4)
    assert bought["champions"] > 0.5
    assert bought["hibernating"] < 0.1
