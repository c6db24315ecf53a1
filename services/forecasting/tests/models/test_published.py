"""Models against what their authors published; the sets are in the folder HUMIDOR_PUBLISHED_DATA."""

import csv
import os
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from statsforecast.models import CrostonClassic

from humidor_forecasting.models.interface import History, Values
from humidor_forecasting.models.prophecy import ProphetModel
from humidor_forecasting.models.statistical import SBA, AutoARIMA, Croston

WHERE = Path(os.environ.get("HUMIDOR_PUBLISHED_DATA") or "/nowhere") / "prophet_series"

with_data = pytest.mark.skipif(not WHERE.exists(), reason="HUMIDOR_PUBLISHED_DATA holds no prophet_series")
AIR = "example_air_passengers.csv"
PEYTON = "example_wp_log_peyton_manning.csv"


def read(name: str) -> tuple[Sequence[date], Values]:
    with (WHERE / name).open() as file:
        rows = [(date.fromisoformat(row["ds"]), float(row["y"])) for row in csv.DictReader(file)]
    return [day for day, _ in rows], np.array([value for _, value in rows])


@with_data
def test_arima_finds_the_airline_model() -> None:
    """Box & Jenkins (1976), series G: (0, 1, 1)(0, 1, 1) on logs, -0.4018 and -0.5569, likelihood 244.70.

    The optimiser of statsforecast stops at 244.65, a third of a standard error (0.09, 0.07) away.
    """
    _, values = read(AIR)
    fitted = AutoARIMA()._make(12).fit(y=np.log(values)).model_
    assert tuple(fitted["arma"]) == (0, 1, 0, 1, 12, 1, 1)
    assert fitted["coef"]["ma1"] == pytest.approx(-0.4018, abs=0.03)
    assert fitted["coef"]["sma1"] == pytest.approx(-0.5569, abs=0.03)
    assert fitted["loglik"] == pytest.approx(244.70, abs=0.1)


@with_data
@pytest.mark.skipif("HUMIDOR_PUBLISHED_ROWS" in os.environ, reason="eleven fits: make verify-published")
def test_prophet_errs_on_its_own_example_as_its_authors_say(monkeypatch: pytest.MonkeyPatch) -> None:
    """Prophet's documentation, Diagnostics: 0.058 over the first 37 days after eleven cut-offs.

    They lie 180 days apart, the last one a year before the end. Days without a figure, which Prophet leaves
    out, are filled for a model of ours and not judged: 0.0605 instead of 0.0586. The pages are American, so
    China's holidays are left out.
    """
    monkeypatch.setattr(ProphetModel, "COUNTRY", None)
    days, values = read(PEYTON)
    places = np.array([(day - days[0]).days for day in days])
    dense = np.interp(np.arange(places[-1] + 1), places, values)
    ends = [places[-1] + 1 - 365 - 180 * n for n in range(11)][::-1]
    made = ProphetModel().roll(History(dense, 7, first_day=days[0].toordinal()), ends, 37)
    errors = [
        abs(made[row, place - end] / value - 1)
        for row, end in enumerate(ends)
        for place, value in zip(places, values, strict=True)
        if end <= place < end + 37
    ]
    assert np.mean(errors) == pytest.approx(0.058, abs=0.003)


def test_croston_by_hand_and_less_by_what_syntetos_and_boylan_take_off() -> None:
    """Sizes 4 and 8 smoothed by 0.1 are 4.4, intervals 2 and 4 are 2.2: 2 a day, of which SBA keeps 95 %."""
    history = History(np.array([0.0, 4.0, 0.0, 0.0, 0.0, 8.0]), 7)
    classic = CrostonClassic().forecast(y=history.values, h=2)["mean"]
    assert classic == pytest.approx([4.4 / 2.2] * 2)
    assert SBA().forecast(history, 2) == pytest.approx(0.95 * classic)
    assert Croston().suits(history)
