"""Gathers what is recorded of series into the inputs of their forecasts, a piece of a run at a time."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any, TypeAlias

from humidor_common.db.columns import columns_of
from humidor_common.db.pool import Connection
from humidor_forecasting.calendars import holidays_between, lunar_new_year
from humidor_forecasting.choosing.work import LEAST_OWN_DAYS, Analogue, SeriesInput
from humidor_forecasting.runs import rules
from humidor_forecasting.runs.likeness import analogues_of
from humidor_forecasting.runs.queries import Run
from humidor_forecasting.runs.rules import CalendarDays, Promotion, Recorded

Pair: TypeAlias = tuple[str, str]
MOST_DAYS = 1100
_RECORDED = ("first", "until", "places", "sticks", "cut", "priced", "prices")

_PAIRS = "unnest($1::text[], $2::text[]) AS p(store_id, gtin)"
# Whole days of the store's own calendar, without the one that is going on. What drifts has no incumbent.
_DEMAND = f"""
SELECT p.store_id, p.gtin, f.first, t.until, d.places, d.sticks, d.cut, d.priced, d.prices,
       o.model AS incumbent, greatest(i.starts_on - t.until - 1, 0) AS begins
FROM {_PAIRS}
LEFT JOIN demand_series s USING (store_id, gtin) LEFT JOIN introduced_series i USING (store_id, gtin)
CROSS JOIN LATERAL (
    SELECT ($3::timestamptz AT TIME ZONE coalesce(
        (SELECT time_zone FROM stores WHERE store_id = p.store_id), 'UTC'))::date - 1 AS until) t
CROSS JOIN LATERAL (
    SELECT least(greatest(coalesce(s.first_day, i.starts_on), t.until - {MOST_DAYS}), t.until + 1) AS first) f
CROSS JOIN LATERAL (
    SELECT coalesce(array_agg(day - f.first ORDER BY day), '{{}}') AS places,
           coalesce(array_agg(sold_sticks + requested_sticks ORDER BY day), '{{}}') AS sticks,
           coalesce(array_agg(day - f.first ORDER BY day) FILTER (WHERE cut_sticks > 0), '{{}}') AS cut,
           coalesce(array_agg(day - f.first ORDER BY day) FILTER (WHERE sold_sticks > 0), '{{}}') AS priced,
           coalesce(array_agg((amount_minor / sold_sticks)::float8 ORDER BY day)
                    FILTER (WHERE sold_sticks > 0), '{{}}') AS prices
    FROM demand_days d
    WHERE d.store_id = p.store_id AND d.gtin = p.gtin AND d.day BETWEEN f.first AND t.until OFFSET 0) d
LEFT JOIN LATERAL (
    SELECT model FROM forecasts c WHERE c.store_id = p.store_id AND c.gtin = p.gtin
      AND NOT EXISTS (SELECT FROM drifts x WHERE x.store_id = p.store_id AND x.gtin = p.gtin
                                             AND x.closed_at IS NULL)
    ORDER BY issued_at DESC, forecast_id DESC LIMIT 1) o ON true
WHERE s.store_id IS NOT NULL OR i.store_id IS NOT NULL
"""  # noqa: S608 - our own text
_STOCK_OUTS = f"""
SELECT p.store_id, p.gtin, (o.raised_at AT TIME ZONE z.zone)::date,
       (coalesce(o.closed_at, $3) AT TIME ZONE z.zone)::date
FROM {_PAIRS} JOIN stock_outs o USING (store_id, gtin)
CROSS JOIN LATERAL (
    SELECT coalesce((SELECT time_zone FROM stores WHERE store_id = p.store_id), 'UTC') AS zone) z
WHERE o.raised_at < $3
"""  # noqa: S608 - our own text
_PROMOTIONS = f"""
SELECT p.store_id, p.gtin, m.starts_on, m.ends_on
FROM {_PAIRS} JOIN promotions m ON (m.store_ids IS NULL OR p.store_id = ANY(m.store_ids))
                               AND (m.gtins IS NULL OR p.gtin = ANY(m.gtins))
WHERE m.ends_on >= $3
"""  # noqa: S608 - our own text
_TRADING = """
SELECT store_id, day, count(*) FROM demand_days
WHERE store_id = ANY($1::text[]) AND day >= $2 AND sold_sticks + requested_sticks > 0 GROUP BY 1, 2
"""


async def gather(
    conn: Connection, run: Run, pairs: Sequence[Pair], *, seconds_per_model: float
) -> dict[Pair, tuple[SeriesInput, date]]:
    """Give each series' input and the day that its forecast starts on; without what has no whole day yet."""
    if not pairs:
        return {}
    columns = columns_of(list(pairs))
    rows = await conn.fetch(_DEMAND, *columns, run.data_until)
    alike = await _analogues(conn, run, rows)
    rows = [row for row in rows if row["first"] <= row["until"] or (row["store_id"], row["gtin"]) in alike]
    if not rows:
        return {}
    first = min(row["first"] for row in rows)
    last = max(row["until"] for row in rows) + timedelta(days=run.horizon_days)
    outs = _by_pair(await conn.fetch(_STOCK_OUTS, *columns, run.data_until))
    offers = _by_pair(await conn.fetch(_PROMOTIONS, *columns, first))
    trading = await _trading(conn, sorted({row["store_id"] for row in rows}), first)
    calendar = calendar_between(first, last)
    found = {}
    for row in rows:
        pair = row["store_id"], row["gtin"]
        recorded = Recorded(*pair, *(row[name] for name in _RECORDED))
        promotions = [Promotion(*each) for each in offers.get(pair, ())]
        columns_known = rules.known_columns(recorded, run.horizon_days, promotions, calendar)
        given = SeriesInput(
            store_id=pair[0],
            gtin=pair[1],
            first_ordinal=recorded.first_day.toordinal(),
            values=rules.dense(recorded),
            horizon=run.horizon_days,
            probabilities=run.probabilities,
            censored=rules.out_places(recorded, outs.get(pair, ())),
            closed=rules.closed_places(recorded, trading.get(pair[0], {})),
            excused=rules.excused_places(recorded, columns_known),
            known=columns_known,
            seen=rules.seen_columns(recorded, promotions),
            ladder=run.ladder,
            incumbent=row["incumbent"],
            seconds_per_model=seconds_per_model,
            analogues=alike.get(pair, []),
            begins=row["begins"] if pair in alike else 0,
        )
        found[pair] = given, recorded.until + timedelta(days=1)
    return found


async def _analogues(conn: Connection, run: Run, rows: Sequence[Any]) -> dict[Pair, list[Analogue]]:
    """Find what is like series that have hardly any days of their own."""
    new = [
        (row["store_id"], row["gtin"])
        for row in rows
        if (row["until"] - row["first"]).days + 1 < LEAST_OWN_DAYS
    ]
    if not new:
        return {}
    until = min(row["until"] for row in rows)
    return await analogues_of(conn, new, until=until, horizon_days=run.horizon_days)


def _by_pair(rows: Sequence[Any]) -> dict[Pair, list[tuple[date, date]]]:
    found: dict[Pair, list[tuple[date, date]]] = {}
    for row in rows:
        found.setdefault((row[0], row[1]), []).append((row[2], row[3]))
    return found


async def _trading(conn: Connection, stores: Sequence[str], first: date) -> Mapping[str, Mapping[date, int]]:
    found: dict[str, dict[date, int]] = {}
    for store_id, day, count in await conn.fetch(_TRADING, list(stores), first):
        found.setdefault(store_id, {})[day] = count
    return found


def calendar_between(first: date, last: date) -> CalendarDays:
    """Lay out the holidays of these days and the weeks about lunar new year."""
    years = range(first.year - 1, last.year + 2)
    new_years = [lunar_new_year(year) for year in years]
    return rules.calendar_days(first, last, set(holidays_between(first, last)), new_years)
