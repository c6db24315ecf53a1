"""Statements that read forecasts."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any, TypeAlias
from uuid import UUID

from msgspec import Raw

from humidor_common.db.pool import Connection
from humidor_forecasting.choosing.intervals import LEVELS, Places, places_of
from humidor_forecasting.forecasts.schemas import ForecastSummary

Document: TypeAlias = dict[str, Any]

_SUMMARY = ", ".join(ForecastSummary.model_fields)
_JSON = ("scores", "reasons", "notes", "versions")
_WHOLE = f"""
SELECT {_SUMMARY}, {", ".join(f"{name}::text" for name in _JSON)}, days::text AS figures_of_days,
       cumulative::text AS figures_of_sums, probabilities, encode(cut_digest, 'hex') AS data_cut
FROM forecasts
"""  # noqa: S608 - names of ours
_NEWEST = f"{_WHOLE} WHERE store_id = $1 AND gtin = $2 ORDER BY issued_at DESC, forecast_id DESC LIMIT 1"


KNOWN_SERIES = """(
    SELECT store_id, gtin FROM demand_series
    UNION ALL
    SELECT store_id, gtin FROM introduced_series n
    WHERE NOT EXISTS (SELECT FROM demand_series d WHERE (d.store_id, d.gtin) = (n.store_id, n.gtin)))"""
"""Series with demand, and those that are only introduced."""


async def newest(conn: Connection, store_id: str, gtin: str) -> Document | None:
    row = await conn.fetchrow(_NEWEST, store_id, gtin)
    return None if row is None else _document(row)


async def by_id(conn: Connection, forecast_id: UUID) -> Document | None:
    row = await conn.fetchrow(f"{_WHOLE} WHERE forecast_id = $1", forecast_id)
    return None if row is None else _document(row)


async def as_issued(conn: Connection, forecast_id: UUID) -> Any | None:
    """Read a forecast as it is kept."""
    return await conn.fetchrow("SELECT * FROM forecasts WHERE forecast_id = $1", forecast_id)


async def page(
    conn: Connection, *, store_id: str | None, stores: list[str] | None, after: tuple[str, str], limit: int
) -> list[ForecastSummary]:
    """Read the newest forecast of each series, by store and product."""
    rows = await conn.fetch(
        f"""SELECT f.* FROM (
                SELECT store_id, gtin FROM {KNOWN_SERIES} known
                WHERE (store_id, gtin) > ($1, $2) AND ($3::text IS NULL OR store_id = $3)
                  AND ($4::text[] IS NULL OR store_id = ANY($4))
                  AND EXISTS (SELECT FROM forecasts f
                              WHERE (f.store_id, f.gtin) = (known.store_id, known.gtin))
                ORDER BY store_id, gtin LIMIT $5) s
            CROSS JOIN LATERAL (
                SELECT {_SUMMARY} FROM forecasts f WHERE f.store_id = s.store_id AND f.gtin = s.gtin
                ORDER BY issued_at DESC, forecast_id DESC LIMIT 1) f
            ORDER BY f.store_id, f.gtin""",  # noqa: S608 - names of ours
        *after,
        store_id,
        stores,
        limit,
    )
    return [ForecastSummary(**row) for row in rows]


async def cut_of(conn: Connection, forecast_id: UUID) -> bytes | None:
    """Give what a forecast's model was given, packed; None where it is kept no more."""
    found: bytes | None = await conn.fetchval(
        "SELECT packed FROM data_cuts "
        "WHERE digest = (SELECT cut_digest FROM forecasts WHERE forecast_id = $1)",
        forecast_id,
    )
    return found


async def forget(conn: Connection, *, before: datetime, limit: int) -> int:
    """Forget forecasts that are old and not their series' newest, and cuts that nothing rests on any more."""
    rows = await conn.fetch(
        """DELETE FROM forecasts WHERE forecast_id IN (
               SELECT o.forecast_id FROM forecasts o WHERE o.issued_at < $1 AND EXISTS (
                   SELECT FROM forecasts n WHERE (n.store_id, n.gtin) = (o.store_id, o.gtin)
                                             AND n.issued_at > o.issued_at)
               ORDER BY o.issued_at LIMIT $2)
           RETURNING cut_digest""",
        before,
        limit,
    )
    await conn.execute(
        """DELETE FROM data_cuts c WHERE c.digest = ANY($1::bytea[])
               AND NOT EXISTS (SELECT FROM forecasts f WHERE f.cut_digest = c.digest)""",
        [row[0] for row in rows],
    )
    return len(rows)


def _document(row: Any) -> Document:
    """Lay out what `ForecastView` describes; its thousand figures go from the table to the answer as text."""
    first, chances = row["starts_on"], row["probabilities"]
    return {
        **{name: row[name] for name in ForecastSummary.model_fields},
        **{name: Raw(row[name].encode()) for name in _JSON},
        "days": _figures(row["figures_of_days"], chances, first),
        "cumulative": _figures(row["figures_of_sums"], chances, first),
        "data_cut": row["data_cut"],
    }


def _figures(text: str, chances: list[float], first: date) -> Raw:
    """Turn `[[mean, quantile, …], …]`, as PostgreSQL writes it, into days with named figures."""
    quantiles = ",".join(f'{{"probability":{chance},"quantity_sticks":%s}}' for chance in chances)
    day = '{"day":"%s","days":%d,"mean_sticks":%s,"quantiles":[' + quantiles + '],"intervals":[%s]}'
    found = [(level, places_of(level, chances)) for level in LEVELS]
    spans = [(level, places) for level, places in found if places is not None]
    rows = [row.split(", ") for row in text[2:-2].split("], [")]
    days = [
        day % (first + timedelta(days=number), number + 1, *row, _intervals(row[1:], spans))
        for number, row in enumerate(rows)
    ]
    return Raw(f"[{','.join(days)}]".encode())


def _intervals(quantiles: Sequence[str], spans: Sequence[tuple[float, Places]]) -> str:
    """Write the intervals that a row of quantiles makes."""
    made = []
    for level, places in spans:
        one_sided = float(quantiles[places.low]) <= 0.0
        high = quantiles[places.alone if one_sided else places.high]
        made.append(
            f'{{"level":{level},"low_sticks":{quantiles[places.low]},"high_sticks":{high},'
            f'"one_sided":{"true" if one_sided else "false"}}}'
        )
    return ",".join(made)
