"""A package that is installed beside the service brings a model of its own."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from humidor_forecasting.models import names, registry
from humidor_forecasting.models.names import GROUP
from humidor_forecasting.testing.market import GTIN, Market, days_of_sales, product, store, store_day
from humidor_forecasting.testing.running import work_off
from humidor_forecasting.versions import library_versions

SOURCE = '''
import numpy as np

from humidor_forecasting.models.interface import Refitting


class LastWeek(Refitting):
    """What was sold a week before."""

    name = "last_week"

    def forecast(self, history, horizon):
        return np.resize(history.values[-7:], horizon)
'''


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    (tmp_path / "their_models.py").write_text(SOURCE)
    about = tmp_path / "their_models-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: their-models\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(
        f"[{GROUP}]\nlast_week = their_models:LastWeek\nauto_ets = their_models:LastWeek\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")]))
    known_once = (names.plug_ins, registry.models, library_versions)
    for each in known_once:
        each.cache_clear()
    yield
    sys.modules.pop("their_models", None)
    for each in known_once:
        each.cache_clear()


@pytest.mark.usefixtures("installed")
async def test_a_model_of_another_package_is_listed_and_forecasts_in_runs(market: Market) -> None:
    today = store_day()
    await market.know(product(), store())
    await market.sold(*days_of_sales([3, 3, 3, 3, 3, 9, 9] * 10, until=today))
    listed = {each["name"]: each["own"] for each in await market.ask("GET", "/v1/models")}
    assert (listed["auto_ets"], listed["last_week"]) == (True, False)
    run = await work_off(market, {"models": ["last_week"], "horizon_days": 14})
    done = await market.ask("GET", f"/v1/runs/{run['run_id']}")
    assert (done["state"], done["series_fell_back"]) == ("done", 0)
    assert done["versions"]["their-models"] == "1.0"
    view = await market.ask("GET", f"/v1/forecasts/S0001/{GTIN}")
    assert view["model"] == "last_week"
    assert view["days"][0]["mean_sticks"] == pytest.approx(3 * 20, rel=0.01)


@pytest.mark.usefixtures("installed")
def test_one_of_the_same_name_as_ours_is_ignored() -> None:
    assert type(registry.models()["auto_ets"]).__module__ == "humidor_forecasting.models.statistical"
    assert registry.choose_ladder("smooth", ["last_week"])[0].name == "last_week"
