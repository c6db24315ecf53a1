"""Has elasticities estimated by a process of their own, one at a time: they take memory only meanwhile."""

from datetime import date

import msgspec

from humidor_common.auth import Principal
from humidor_common.db.pool import Pool
from humidor_common.web.problems import invalid
from humidor_forecasting.aggregates.service import scope_of
from humidor_forecasting.asking import ask
from humidor_forecasting.calendars import holidays_between
from humidor_forecasting.elasticity import queries, rules
from humidor_forecasting.elasticity.schemas import (
    DemandElasticityRequest,
    ElasticityRequest,
    ElasticityView,
    EstimateRow,
)
from humidor_forecasting.elasticity.work import DemandQuestion, ElasticityInput, Estimated

MOST_SERIES = 500
MOST_DAYS = 1830
OWN_COLUMNS = frozenset({
    "constant", "sticks", "price", "promotion", "holiday", "trend", "trend_squared", "season_sine",
    "season_cosine",
})  # fmt: skip


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


async def estimate_demand(
    pool: Pool, principal: Principal, asked: DemandElasticityRequest, *, today: date
) -> ElasticityView:
    """Estimate from the demand, prices and promotions that are recorded of a scope.

    Raises:
        Problem: 403 for stores that are not the caller's, 422 naming the field, 503 where it takes too long.
    """
    scope = scope_of(principal, asked)
    span = _span(asked, today)
    holidays = rules.holiday_shares(span, holidays_between(span.first, span.end))
    instruments = {name: _values(name, asked, span) for name in asked.instruments}
    if unknown := set(asked.linear_instruments) - asked.instruments.keys():
        raise invalid("linear_instruments", f"{min(unknown)} is none of the instruments")
    async with pool.acquire() as conn:
        pairs = await queries.series_of(conn, scope, *span, MOST_SERIES + 1)
        if len(pairs) > MOST_SERIES:
            raise invalid(_widest(asked), f"more than {MOST_SERIES} series; ask for fewer stores or products")
        weeks = await queries.weeks_of(conn, pairs, *span)
    if not weeks:
        raise invalid(_widest(asked), "there is no whole week in which it was sold at a price")
    question = DemandQuestion(
        series=weeks,
        holidays=holidays,
        instruments=instruments,
        linear_instruments=asked.linear_instruments,
        level=asked.level,
    )
    answer = await ask("humidor_forecasting.elasticity.helping_demand", question, Estimated)
    if answer.output is None:
        raise invalid(answer.field or _widest(asked), answer.refusal or "cannot be estimated from")
    return ElasticityView.model_validate(msgspec.to_builtins(_named(answer)))


def _span(asked: DemandElasticityRequest, today: date) -> rules.Span:
    if asked.first_day and asked.last_day and asked.last_day < asked.first_day:
        raise invalid("last_day", "lies before first_day")
    span = rules.span_of(asked.first_day, asked.last_day, today)
    if span.first >= span.end:
        raise invalid("first_day", "no whole week lies between these days and is over")
    if (span.end - span.first).days > MOST_DAYS:
        raise invalid("first_day", f"at most {MOST_DAYS} days can be read at once")
    return span


def _values(name: str, asked: DemandElasticityRequest, span: rules.Span) -> dict[int, float]:
    field, steps = f"instruments.{name}", asked.instruments[name]
    values = {each.starts_on: each.value for each in steps}
    if name in OWN_COLUMNS:
        raise invalid(field, "is the name of a column that the estimate has already")
    if len(values) < len(steps):
        raise invalid(field, "two values begin on one day")
    if name not in asked.linear_instruments and min(values.values()) <= 0:
        raise invalid(field, "every value has to be above zero, or it be one of linear_instruments")
    if min(values) >= span.end:
        raise invalid(field, f"begins after the last week, which ends before {span.end}")
    return rules.weekly_values(span, values)


def _widest(asked: DemandElasticityRequest) -> str:
    """Name the field of the scope that can be widened or narrowed."""
    names = ("gtins", "brand", "price_class", "store_ids", "area")
    return next((name for name in names if getattr(asked, name) is not None), "store_ids")


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
        "series": output.series,
        "weeks": output.weeks,
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
