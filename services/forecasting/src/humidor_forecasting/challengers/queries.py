"""Statements over forecasts made elsewhere."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, TypeAlias

from humidor_common.db.columns import columns_of
from humidor_common.db.pool import Connection
from humidor_forecasting.challengers.rules import Day, Said
from humidor_forecasting.challengers.schemas import ChallengerView, ChampionView

Pair: TypeAlias = tuple[str, str]
JUDGED_DAYS = 180

_PAIRS = "unnest($1::text[], $2::text[]) AS p(store_id, gtin)"
_CHALLENGER = """
SELECT c.source, c.choose, c.least_days, c.better_by, c.version, c.changed_at, c.changed_by, i.series,
       i.data_until, i.last_day, i.arrived_at,
       (SELECT count(*) FROM champions h WHERE h.source = c.source)::int AS chosen_series
FROM challengers c CROSS JOIN LATERAL (
    SELECT count(DISTINCT (store_id, gtin))::int AS series, max(data_until) AS data_until,
           max(day) AS last_day, max(arrived_at) AS arrived_at
    FROM imported_forecasts i WHERE i.source = c.source) i
"""
# Beside each day that has come true: ours from data no newer than theirs, and the same weekday before their
# cut. Days on which stock or a cap kept demand from being seen tell nothing of either.
_DAYS = f"""
SELECT i.source, i.store_id, i.gtin, i.data_until, i.day, i.mean_sticks, i.quantiles,
       i.arrived_at < i.day::timestamp AT TIME ZONE z.zone AS proven,
       coalesce(d.sold_sticks + d.requested_sticks, 0)::float8 AS actual, o.figures, o.probabilities,
       coalesce(n.sold_sticks + n.requested_sticks, 0)::float8 AS naive
FROM {_PAIRS} JOIN imported_forecasts i USING (store_id, gtin)
CROSS JOIN LATERAL (SELECT coalesce(
    (SELECT time_zone FROM stores t WHERE t.store_id = p.store_id), 'UTC') AS zone) z
LEFT JOIN demand_days d ON d.store_id = i.store_id AND d.gtin = i.gtin AND d.day = i.day
LEFT JOIN demand_days n ON n.store_id = i.store_id AND n.gtin = i.gtin
    AND n.day = i.data_until - ((7 - (i.day - i.data_until) % 7) % 7)
LEFT JOIN LATERAL (
    SELECT coalesce(f.own_days, f.days)->(i.day - f.starts_on) AS figures, f.probabilities
    FROM forecasts f
    WHERE f.store_id = i.store_id AND f.gtin = i.gtin AND f.starts_on <= i.data_until + 1
      AND f.starts_on + f.horizon_days > i.day
    ORDER BY f.issued_at DESC, f.forecast_id DESC LIMIT 1) o ON true
WHERE i.source = ANY($3::text[]) AND i.day < ($4::timestamptz AT TIME ZONE z.zone)::date
  AND i.day >= ($4::timestamptz AT TIME ZONE z.zone)::date - {JUDGED_DAYS} AND coalesce(d.cut_sticks, 0) = 0
  AND NOT EXISTS (SELECT FROM stock_outs s WHERE s.store_id = i.store_id AND s.gtin = i.gtin
                  AND s.raised_at < (i.day + 1)::timestamp AT TIME ZONE z.zone
                  AND coalesce(s.closed_at, 'infinity') >= i.day::timestamp AT TIME ZONE z.zone)
ORDER BY i.source, i.store_id, i.gtin, i.data_until, i.day
"""  # noqa: S608 - our own text
_AHEAD = f"""
SELECT DISTINCT ON (i.source, i.store_id, i.gtin, i.day) i.source, i.store_id, i.gtin, i.day, i.mean_sticks,
       i.quantiles
FROM {_PAIRS} JOIN imported_forecasts i USING (store_id, gtin)
WHERE i.source = ANY($3::text[]) AND i.day >= ($4::timestamptz)::date - 1
ORDER BY i.source, i.store_id, i.gtin, i.day, i.data_until DESC
"""  # noqa: S608 - our own text
_ADD = """
INSERT INTO imported_forecasts (source, store_id, gtin, data_until, day, mean_sticks, quantiles, arrived_at)
SELECT e->>0, e->>1, e->>2, (e->>3)::date, (e->>4)::date, (e->>5)::float8, e->6, $2
FROM jsonb_array_elements($1::jsonb) e ORDER BY 2, 3, 1, 4, 5
ON CONFLICT (store_id, gtin, source, data_until, day) DO UPDATE
SET mean_sticks = excluded.mean_sticks, quantiles = excluded.quantiles, arrived_at = excluded.arrived_at
"""


async def add(conn: Connection, rows: Sequence[Sequence[Any]], *, now: datetime) -> None:
    """Keep rows of source, store, product, cut, day, mean and quantiles by their probability."""
    await conn.execute(_ADD, rows, now)


async def known(conn: Connection, keys: Sequence[tuple[Any, ...]]) -> Sequence[Any]:
    return await conn.fetch(
        """SELECT i.* FROM unnest($1::text[], $2::text[], $3::text[], $4::date[], $5::date[])
                        AS k(source, store_id, gtin, data_until, day)
           JOIN imported_forecasts i USING (source, store_id, gtin, data_until, day)""",
        *columns_of(list(keys)),
    )


async def days(
    conn: Connection, pairs: Sequence[Pair], sources: Sequence[str], *, now: datetime
) -> dict[tuple[str, Pair], list[Day]]:
    """Give the days that have come true by source and series."""
    found: dict[tuple[str, Pair], list[Day]] = {}
    if pairs and sources:
        for row in await conn.fetch(_DAYS, *columns_of(list(pairs)), list(sources), now):
            key = row["source"], (row["store_id"], row["gtin"])
            found.setdefault(key, []).append(_day(row))
    return found


def _day(row: Any) -> Day:
    figures = row["figures"]
    ours = Said(figures[0], dict(zip(row["probabilities"], figures[1:], strict=True))) if figures else None
    return Day(
        data_until=row["data_until"],
        day=row["day"],
        proven=row["proven"],
        actual=row["actual"],
        theirs=_said(row),
        ours=ours,
        naive=row["naive"],
    )


def _said(row: Any) -> Said:
    return Said(row["mean_sticks"], {float(p): value for p, value in row["quantiles"].items()})


async def ahead(
    conn: Connection, pairs: Sequence[Pair], sources: Sequence[str], *, now: datetime
) -> dict[tuple[str, Pair], dict[Any, Said]]:
    """Give what each source says of days to come, each by its newest data cut."""
    found: dict[tuple[str, Pair], dict[Any, Said]] = {}
    for row in await conn.fetch(_AHEAD, *columns_of(list(pairs)), list(sources), now):
        key = row["source"], (row["store_id"], row["gtin"])
        found.setdefault(key, {})[row["day"]] = _said(row)
    return found


async def page_series(
    conn: Connection, source: str, *, stores: list[str] | None, after: Pair, limit: int
) -> list[Pair]:
    rows = await conn.fetch(
        """SELECT DISTINCT store_id, gtin FROM imported_forecasts
           WHERE source = $1 AND (store_id, gtin) > ($2, $3) AND ($4::text[] IS NULL OR store_id = ANY($4))
           ORDER BY store_id, gtin LIMIT $5""",
        source,
        *after,
        stores,
        limit,
    )
    return [(row[0], row[1]) for row in rows]


async def read(conn: Connection, source: str, *, lock: bool = False) -> ChallengerView | None:
    if lock:
        await conn.execute("SELECT FROM challengers WHERE source = $1 FOR UPDATE", source)
    row = await conn.fetchrow(f"{_CHALLENGER} WHERE c.source = $1", source)
    return None if row is None else ChallengerView(**row)


async def page(conn: Connection, *, after: str, limit: int) -> list[ChallengerView]:
    rows = await conn.fetch(f"{_CHALLENGER} WHERE c.source > $1 ORDER BY c.source LIMIT $2", after, limit)
    return [ChallengerView(**row) for row in rows]


async def champions(
    conn: Connection, *, stores: list[str] | None, after: Pair, limit: int
) -> list[ChampionView]:
    rows = await conn.fetch(
        """SELECT * FROM champions WHERE (store_id, gtin) > ($1, $2)
              AND ($3::text[] IS NULL OR store_id = ANY($3)) ORDER BY store_id, gtin LIMIT $4""",
        *after,
        stores,
        limit,
    )
    return [ChampionView(**row) for row in rows]


async def champions_of(conn: Connection, pairs: Sequence[Pair]) -> Mapping[Pair, tuple[str, str]]:
    """Give source and reason of what people have chosen."""
    rows = await conn.fetch(
        f"SELECT c.* FROM {_PAIRS} JOIN champions c USING (store_id, gtin)",  # noqa: S608
        *columns_of(list(pairs)),
    )
    return {(row["store_id"], row["gtin"]): (row["source"], row["reason"]) for row in rows}


async def by_verdict(conn: Connection) -> Sequence[Any]:
    """Give the sources that are chosen by their verdicts, with the terms."""
    return await conn.fetch(
        "SELECT source, least_days, better_by FROM challengers WHERE choose = 'by_verdict' ORDER BY source"
    )


async def forget(conn: Connection, *, before: datetime, limit: int) -> int:
    """Forget rows of days that passed long ago."""
    done: str = await conn.execute(
        """DELETE FROM imported_forecasts WHERE (store_id, gtin, source, data_until, day) IN (
               SELECT store_id, gtin, source, data_until, day FROM imported_forecasts
               WHERE arrived_at < $1 AND day < $1::date ORDER BY arrived_at LIMIT $2)""",
        before,
        limit,
    )
    return int(done.rsplit(maxsplit=1)[-1])
