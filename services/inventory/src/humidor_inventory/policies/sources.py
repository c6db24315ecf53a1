"""Demand that is not given but known here: a published forecast, or what was sold by day."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import msgspec

from humidor_common.db.pool import Connection
from humidor_inventory.forecasts.service import load_spans
from humidor_inventory.policies.amounts import DemandInput
from humidor_inventory.policies.told import Told

Pair = tuple[str, str]
HISTORY_DAYS = 91

# A store's days lie together in the key, so each store is one range. Whole days of the store's own calendar.
_HISTORY = """
SELECT e->>0 AS store_id, f.gtin, array_agg(f.day ORDER BY f.day) AS days,
       array_agg(f.sold_sticks ORDER BY f.day) AS sticks, min(t.today) - 1 AS until
FROM jsonb_array_elements($1::jsonb) e
CROSS JOIN LATERAL (
    SELECT ($2::timestamptz AT TIME ZONE coalesce(
        (SELECT time_zone FROM stores WHERE store_id = e->>0), 'UTC'))::date AS today OFFSET 0) t
CROSS JOIN LATERAL (
    SELECT gtin, day, sold_sticks FROM daily_flows
    WHERE store_id = e->>0 AND day >= t.today - (e->>1)::integer AND day < t.today
      AND gtin = ANY(ARRAY(SELECT jsonb_array_elements_text(e->2))) OFFSET 0) f
GROUP BY 1, 2
"""


async def load_told(
    conn: Connection, asked: Sequence[tuple[Pair, DemandInput]], *, now: datetime
) -> dict[Pair, Told]:
    """Load what is known of the demand of those that do not give it themselves."""
    by_forecast = [pair for pair, demand in asked if demand.source == "forecast"]
    by_history = {
        pair: demand.history_days or HISTORY_DAYS for pair, demand in asked if demand.source == "history"
    }
    told: dict[Pair, Told] = {}
    if by_forecast:
        rows = await load_spans(conn, by_forecast, now=now)
        told = {pair: of_forecast(row) for pair, row in rows.items()}
    if by_history:
        for row in await conn.fetch(_HISTORY, _by_store(by_history), now):
            pair = (row["store_id"], row["gtin"])
            told[pair] = of_history(row["days"], row["sticks"], row["until"], most=by_history[pair])
    return told


def _by_store(asked: Mapping[Pair, int]) -> list[tuple[str, int, list[str]]]:
    gtins: dict[str, list[str]] = {}
    for store_id, gtin in sorted(asked):
        gtins.setdefault(store_id, []).append(gtin)
    return [(store, max(asked[store, gtin] for gtin in named), named) for store, named in gtins.items()]


def of_forecast(row: Mapping[str, Any]) -> Told:
    """Read the quantiles of the first 1, 2 ... days; a forecast whose last day is over tells nothing."""
    origin = {
        name: msgspec.to_builtins(row[name])
        for name in ("forecast_id", "model", "model_version", "issued_at", "data_until", "starts_on")
    }
    if row["lapsed"]:
        return Told(origin=origin, lapsed=True)
    spans = tuple(
        (float(i), tuple(zip(row["probabilities"], figures[1:], strict=True)))
        for i, figures in enumerate(row["cumulative"], start=1)
    )
    return Told(spans=spans, origin=origin)


def of_history(days: Sequence[date], sticks: Sequence[int], until: date, *, most: int) -> Told:
    """Fill days without a movement with zeros, from the first one with a movement, `most` days at most."""
    first = max(days[0], until - timedelta(days=most - 1))
    history = [0.0] * ((until - first).days + 1)
    for day, sold in zip(days, sticks, strict=True):
        if day >= first:
            history[(day - first).days] = float(sold)
    return Told(history=tuple(history), origin={"from": first.isoformat(), "until": until.isoformat()})
