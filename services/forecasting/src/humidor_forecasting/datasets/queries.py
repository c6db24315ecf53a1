"""Statements over the views that analysts read too."""

from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple

from humidor_common.db.pool import Connection


class Asked(NamedTuple):
    """Which series: of one store, of the stores that the caller may see, of one product; None is all."""

    store_id: str | None
    stores: list[str] | None
    gtin: str | None


def _page(view: str, last: str, condition: str = "true") -> str:
    """The first comparison finds the index, the second one goes on within the series."""
    return f"""
SELECT * FROM analytics.{view}
WHERE (store_id, gtin) >= ($1, $2) AND (store_id, gtin, {last}) > ($1, $2, $3)
  AND ($4::text IS NULL OR store_id = $4) AND ($5::text[] IS NULL OR store_id = ANY($5))
  AND ($6::text IS NULL OR gtin = $6) AND {condition}
ORDER BY store_id, gtin, {last} LIMIT $7
"""  # noqa: S608 - names of ours


_DEMAND = _page("demand", "day", "day BETWEEN $8 AND $9")
_FORECASTS = _page("forecasts", "day")
_SCORES = _page("scores", "model")


async def demand(
    conn: Connection, asked: Asked, days: tuple[date, date], *, after: tuple[str, str, date], limit: int
) -> Sequence[Any]:
    return await conn.fetch(_DEMAND, *after, *asked, limit, *days)


async def forecasts(
    conn: Connection, asked: Asked, *, after: tuple[str, str, date], limit: int
) -> Sequence[Any]:
    return await conn.fetch(_FORECASTS, *after, *asked, limit)


async def scores(conn: Connection, asked: Asked, *, after: tuple[str, str, str], limit: int) -> Sequence[Any]:
    return await conn.fetch(_SCORES, *after, *asked, limit)
