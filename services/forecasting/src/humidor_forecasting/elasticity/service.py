"""Has elasticities estimated by a process of their own, one at a time: they take memory only meanwhile."""

import msgspec

from humidor_common.web.problems import invalid
from humidor_forecasting.asking import ask
from humidor_forecasting.elasticity.schemas import ElasticityRequest, ElasticityView, EstimateRow
from humidor_forecasting.elasticity.work import ElasticityInput, Estimated


async def estimate_elasticity(asked: ElasticityRequest) -> ElasticityView:
    """Estimate by least squares, or with instruments by two-stage least squares.

    Raises:
        Problem: 422 where the data cannot tell, 503 where it takes too long.
    """
    question = msgspec.convert(asked.model_dump(), type=ElasticityInput)
    answer = await ask("humidor_forecasting.elasticity.helping", question, Estimated)
    if answer.output is None:
        raise invalid("columns", answer.refusal or "cannot be estimated from")
    return ElasticityView.model_validate(msgspec.to_builtins(_named(answer)))


def _named(answer: Estimated) -> dict[str, object]:
    output = answer.output
    if output is None:
        return {}
    return {
        "method": output.method,
        "rows": output.rows,
        "elasticity": output.elasticity._asdict(),
        "coefficients": [each._asdict() for each in output.coefficients],
        "r_squared": output.r_squared,
        "diagnostics": [each._asdict() for each in output.diagnostics],
        "remarks": output.remarks,
    }


def rows_of(view: ElasticityView) -> list[EstimateRow]:
    """Lay an estimate out as a table."""
    about = {"method": view.method, "rows": view.rows}
    coefficients = [
        EstimateRow(part="coefficient", reading=None, **each.model_dump(), **about)
        for each in view.coefficients
    ]
    empty = dict.fromkeys(("standard_error", "low", "high", "p_value"))
    return coefficients + [
        EstimateRow(part="diagnostic", **each.model_dump(), **empty, **about) for each in view.diagnostics
    ]
