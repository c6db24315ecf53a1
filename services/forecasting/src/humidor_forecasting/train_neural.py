"""Trains the network on the history of demand: `python -m humidor_forecasting.train_neural FOLDER`.

HUMIDOR_PG_DSN leads to the database. What backtests look back on (182 days) is left out, so train anew every
month or so, into a new folder, and name that by HUMIDOR_FORECASTING_NEURAL.
"""

import argparse
import asyncio
import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import asyncpg
import numpy as np

from humidor_forecasting.choosing.cleaning import clean
from humidor_forecasting.neural.training import train
from humidor_forecasting.neural.windows import Series

LEFT_OUT_DAYS = 182
MOST_SERIES = 2000
_READ = """
WITH chosen AS (SELECT * FROM demand_series WHERE first_day < $1::date - 60 ORDER BY random() LIMIT $2)
SELECT c.first_day, array_agg(d.day - c.first_day ORDER BY d.day) AS places,
       array_agg(d.sold_sticks + d.requested_sticks ORDER BY d.day) AS sticks
FROM chosen c JOIN demand_days d USING (store_id, gtin) WHERE d.day < $1
GROUP BY c.store_id, c.gtin, c.first_day
"""


async def read_series(dsn: str, until: date) -> list[Series]:
    """Read at most 2,000 series, chosen at random, up to a day, cleaned as forecasts' histories are."""
    conn = await asyncpg.connect(dsn)
    try:
        rows = await conn.fetch(_READ, until, MOST_SERIES)
    finally:
        await conn.close()
    found = []
    for row in rows:
        values = np.zeros((until - row["first_day"]).days)
        values[row["places"]] = row["sticks"]
        cleaned = clean(values)
        found.append(Series(row["first_day"].toordinal() + cleaned.first, cleaned.values))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m humidor_forecasting.train_neural", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--horizon", type=int, default=28)
    options = parser.parse_args()
    until = datetime.now(UTC).date() - timedelta(days=LEFT_OUT_DAYS)
    series = asyncio.run(read_series(os.environ["HUMIDOR_PG_DSN"], until))
    print(train(series, options.horizon, until=until.toordinal(), folder=options.folder))  # noqa: T201


if __name__ == "__main__":
    main()
