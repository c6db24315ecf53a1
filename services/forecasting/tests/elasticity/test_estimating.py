"""Elasticities: what was put into generated markets comes out, and what cannot be told is refused."""

import csv
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyreadstat
import pytest

from humidor_forecasting.elasticity.estimating import Unidentified, estimate
from humidor_forecasting.elasticity.work import ElasticityInput
from humidor_forecasting.testing.market import Market

TRUE = -0.8
PUBLISHED = (
    Path(os.environ.get("HUMIDOR_PUBLISHED_DATA", Path(__file__).parents[5] / "shared/data")) / "tobacco"
)


def generated(rows: int, seed: int = 1) -> dict[str, list[float]]:
    """A market in which shortages raise price and demand together, and a tax raises the price alone."""
    random = np.random.default_rng(seed)
    tax, hidden, income = (
        random.uniform(0.2, 0.8, rows),
        random.normal(0, 0.2, rows),
        random.normal(3, 0.2, rows),
    )
    price = 0.5 + 1.2 * tax + 0.8 * hidden + 0.1 * income + random.normal(0, 0.05, rows)
    quantity = 4 + TRUE * price + 0.4 * income + hidden + random.normal(0, 0.05, rows)
    return {
        "packs": np.exp(quantity).tolist(),
        "price": np.exp(price).tolist(),
        "income": np.exp(income).tolist(),
        "tax": tax.tolist(),
        "noise": random.uniform(1, 2, rows).tolist(),
    }


def asked(
    columns: dict[str, list[float]], instruments: Sequence[str] = (), linear_instruments: Sequence[str] = ()
) -> ElasticityInput:
    return ElasticityInput(
        columns=columns,
        quantity="packs",
        price="price",
        controls=["income"],
        instruments=list(instruments),
        linear_instruments=list(linear_instruments),
    )


def test_instruments_find_the_elasticity_where_least_squares_does_not() -> None:
    columns = generated(2000)
    plain = estimate(asked(columns))
    assert plain.elasticity.low > TRUE
    instrumented = estimate(asked(columns, instruments=["tax"], linear_instruments=["tax"]))
    assert instrumented.elasticity.low < TRUE < instrumented.elasticity.high
    told = {each.name: each.value for each in instrumented.diagnostics}
    assert told["first_stage_f"] > 100
    assert told["wu_hausman_p"] < 0.01
    assert instrumented.method == "two-stage least squares"


def test_weak_instruments_and_bad_ones_are_said() -> None:
    columns = generated(400)
    weak = estimate(asked(columns, instruments=["noise"]))
    assert any("weak" in remark for remark in weak.remarks)
    columns["shortage"] = (np.array(columns["packs"]) ** 0.3).tolist()
    bad = estimate(asked(columns, instruments=["tax", "shortage"], linear_instruments=["tax"]))
    assert any("contradict" in remark for remark in bad.remarks)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"packs": [0.0] * 40}, "above zero"),
        ({"income": [2.0] * 40}, "say the same"),
    ],
)
def test_what_the_data_cannot_tell_is_refused(changes: dict[str, list[float]], why: str) -> None:
    with pytest.raises(Unidentified, match=why):
        estimate(asked(generated(40) | changes))
    with pytest.raises(Unidentified, match="too few"):
        estimate(asked(generated(6)))


def published(name: str) -> list[dict[str, str]]:
    path = PUBLISHED / name
    if not path.exists():
        pytest.skip("the published data are not here")
    with path.open() as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize(
    ("controls", "instruments", "elasticity", "error", "income"),
    [
        ([], ["sales_tax"], -1.0836, 0.3189, None),
        (["income"], ["sales_tax"], -1.1434, 0.3723, 0.2145),
        (["income"], ["sales_tax", "cigarette_tax"], -1.2774, 0.2496, 0.2804),
        (["income"], [], -1.4065, None, None),
    ],
)
def test_published_elasticities_of_48_states_come_out(
    controls: list[str], instruments: list[str], elasticity: float, error: float | None, income: float | None
) -> None:
    rows = published("CigarettesSW_1995.csv")
    column = {
        name: np.array([float(row[name]) for row in rows])
        for name in rows[0]
        if name not in {"rownames", "state"}
    }
    cpi = column["cpi"]
    columns = {
        "packs": column["packs"].tolist(),
        "price": (column["price"] / cpi).tolist(),
        "income": (column["income"] / column["population"] / cpi).tolist(),
        "sales_tax": ((column["taxs"] - column["tax"]) / cpi).tolist(),
        "cigarette_tax": (column["tax"] / cpi).tolist(),
    }
    found = estimate(ElasticityInput(columns=columns, quantity="packs", price="price", controls=controls,
                                     instruments=instruments, linear_instruments=instruments))  # fmt: skip
    assert found.elasticity.value == pytest.approx(elasticity, abs=6e-5)
    if error is not None:
        assert found.elasticity.standard_error == pytest.approx(error, abs=6e-5)
    if income is not None:
        assert found.coefficients[2].value == pytest.approx(income, abs=6e-5)


async def test_an_estimate_is_had_over_http_and_opens_in_spss_and_a_refusal_names_what_is_wrong(
    market: Market, tmp_path: Path
) -> None:
    body = {"columns": generated(60), "quantity": "packs", "price": "price", "controls": ["income"],
            "instruments": ["tax"], "linear_instruments": ["tax"]}  # fmt: skip
    found = await market.ask("POST", "/v1/elasticities", json=body)
    assert found["elasticity"]["low"] < TRUE < found["elasticity"]["high"]
    assert [each["name"] for each in found["coefficients"]] == ["constant", "price", "income"]
    answer = await market.client.post("/v1/elasticities?format=sav", json=body, headers=market.auth())
    assert answer.headers["content-disposition"] == 'attachment; filename="elasticity.sav"'
    (tmp_path / "e.sav").write_bytes(answer.content)
    frame, meta = pyreadstat.read_sav(tmp_path / "e.sav")
    named = dict(zip(frame["name"], frame["value"], strict=True))
    assert named["price"] == found["elasticity"]["value"]
    assert meta.variable_value_labels["part"] == {1.0: "coefficient", 2.0: "diagnostic"}
    assert frame["part"].tolist().count(1.0) == len(found["coefficients"])
    await market.ask("POST", "/v1/elasticities?format=doc", json=body, expect=422)
    refused = await market.ask("POST", "/v1/elasticities", json=body | {"columns": generated(6)}, expect=422)
    assert "too few" in refused["detail"]
    await market.ask("POST", "/v1/elasticities", json=body | {"price": "cost"}, expect=422)
