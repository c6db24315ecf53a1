"""BG/NBD over the real customers of CDNOW, as published; `make verify-published` runs it.

The file is not part of the repository: HUMIDOR_PUBLISHED_DATA says where it is, and without it nothing runs.
"""

import csv
import os
from pathlib import Path

import numpy as np
import pytest

from humidor_customers.estimates import buying
from humidor_customers.estimates.buying import Customers

DATA = Path(os.environ.get("HUMIDOR_PUBLISHED_DATA") or "/nowhere") / "cdnow"
SUMMARY = DATA / "cdnow_customers_summary.csv"

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
