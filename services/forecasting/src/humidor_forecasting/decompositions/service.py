"""Has demand of any level taken apart by a process of its own."""

from datetime import date

from humidor_common.db.pool import Connection, Pool
from humidor_forecasting.asking import ask
from humidor_forecasting.calendars import lunar_new_year
from humidor_forecasting.decompositions import rules
from humidor_forecasting.decompositions.schemas import DecompositionView
from humidor_forecasting.decompositions.work import DecompositionOutput
from humidor_forecasting.demand.queries import Wanted
from humidor_forecasting.demand.schemas import DemandView
from humidor_forecasting.demand.service import read_demand
from humidor_forecasting.runs.rules import BUSY_SERIES


async def decompose_demand(pool: Pool, wanted: Wanted) -> DecompositionView:
    """Take demand of a level apart.

    Raises:
        Problem: 422 where the days are in the wrong order or too many, 503 where it takes too long.
    """
    async with pool.acquire() as conn:
        demand = await read_demand(conn, wanted)
        busy = wanted.store_level != "store" or await _is_busy(conn, wanted.store_key)
    return await _take_apart(demand, busy=busy)


async def _is_busy(conn: Connection, store_id: str | None) -> bool:
    series: int = await conn.fetchval("SELECT count(*) FROM demand_series WHERE store_id = $1", store_id)
    return series >= BUSY_SERIES


async def _take_apart(demand: DemandView, *, busy: bool) -> DecompositionView:
    single = (demand.store_level, demand.product_level) == ("store", "product")
    new_years = _new_years(demand.first_day, demand.last_day)
    question = rules.to_input(demand.periods, new_years, single=single, busy=busy)
    output = DecompositionOutput(notes=["nothing was demanded in these days"])
    if any(question.values):
        output = await ask("humidor_forecasting.decompositions.helping", question, DecompositionOutput)
    return DecompositionView(
        store_level=demand.store_level,
        product_level=demand.product_level,
        channel=demand.channel,
        method=output.method,
        days=rules.to_days(demand.first_day, output),
        trend_strength=output.trend_strength,
        weekly_strength=output.weekly_strength,
        yearly_strength=output.yearly_strength,
        effects=output.effects,
        notes=output.notes,
    )


def _new_years(first: date, last: date) -> list[date]:
    return [lunar_new_year(year) for year in range(max(first.year - 1, 1901), min(last.year + 1, 2099) + 1)]
