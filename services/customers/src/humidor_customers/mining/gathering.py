"""Reads purchases into arrays; only the process that mines imports this."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any, NamedTuple

import numpy as np

from humidor_common.db.pool import Connection
from humidor_customers.hearing import Heard
from humidor_customers.mining.rules.baskets import Ints
from humidor_customers.mining.schemas import Affinities, Associations, Cohorts, Params, Scope

_KEYS = {
    "product": "t.gtin",
    "brand": "nullif(p.brand, '')",
    "price_class": "nullif(p.price_class, '')",
}
PLACES = {
    "area": "r.trade_area",
    "market_type": "r.market_type",
    "business_format": "r.business_format",
    "sales_line": "r.sales_line",
}
_WHERE = """
t.kind = $1 AND t.bought_at BETWEEN $2 AND $3 AND t.local_day BETWEEN $4 AND $5
AND ($6::text[] IS NULL OR t.store_id = ANY($6)) AND ($7 OR t.party_id IS NOT NULL)
"""
_COUNT = f"SELECT count(*) FROM purchase_documents t WHERE {_WHERE}"  # noqa: S608 - our own text
# A trade customer that was merged is one with its survivor.
_LINES = f"""
WITH RECURSIVE roots (id, root) AS (
    SELECT retailer_id, retailer_id FROM retailers WHERE merged_into IS NULL
    UNION ALL SELECT r.retailer_id, k.root FROM retailers r JOIN roots k ON r.merged_into = k.id
)
SELECT coalesce(k.root, t.party_id) AS party, t.document_id, t.local_day, t.local_hour, t.store_id,
       {{key}} AS key, sum(t.sticks)::bigint AS sticks,
       sum(t.net_minor)::float8 AS net, min(t.bought_at) AS at
FROM purchases t LEFT JOIN products p USING (gtin)
LEFT JOIN roots k ON t.party_kind = 'retailer' AND k.id = t.party_id
WHERE {_WHERE}
GROUP BY 1, 2, 3, 4, 5, 6
ORDER BY 1, 9, 2, 6
"""  # noqa: S608 - our own text
_AT_ONCE = 20_000
_FIRST_DAY = date(1990, 1, 1)
_MOST_NET = 10.0**15


class Lines(NamedTuple):
    """A row for each item of each purchase, in order of customer and time.

    `parties` are -1 where nobody knows who bought; `days` are ordinals of local dates. Purchases are
    numbered in this order. `unnamed` rows were left out because nobody knows their item.
    """

    parties: Ints
    documents: Ints
    days: Ints
    hours: Ints
    stores: Ints
    items: Ints
    sticks: Ints
    values: Ints
    party_names: list[str]
    store_names: list[str]
    item_names: list[str]
    unnamed: int
    read_at: datetime

    def summary(self) -> dict[str, Any]:
        """Say how much was read, and why nothing can be found where there is nothing."""
        counts: dict[str, Any] = {
            "lines": len(self.items),
            "purchases": int(self.documents[-1]) + 1 if len(self.documents) else 0,
            "customers": len(self.party_names),
            "items": len(self.item_names),
            "lines_without_item": self.unnamed,
            "first_day": _day(self.days.min()) if len(self.days) else None,
            "last_day": _day(self.days.max()) if len(self.days) else None,
        }
        if len(self.items):
            return counts
        return counts | {"reason": "no-known-item" if self.unnamed else "no-purchases"}


def _day(ordinal: int) -> str:
    return date.fromordinal(int(ordinal)).isoformat()


class Read(NamedTuple):
    """All that a run goes by; `places` are the areas (or formats, …) of stores where it asks by them."""

    lines: Lines
    places: dict[str, str]


async def read(conn: Connection, asked: Params, heard: Heard) -> Read:
    """Read what a run of any kind needs to know; what is found in it needs no database."""
    of_all = isinstance(asked, Associations) or (isinstance(asked, Affinities) and asked.group != "customer")
    since = asked.since
    if isinstance(asked, Cohorts):
        since = max(since - timedelta(days=asked.lookback_days), _FIRST_DAY)
    item = "product" if isinstance(asked, Cohorts) else asked.item
    lines = await read_lines(conn, asked, item=item, known_only=not of_all, since=since, heard=heard)
    places: dict[str, str] = {}
    if isinstance(asked, Affinities) and asked.group in PLACES:
        places = await places_of(conn, asked.group)
    return Read(lines, places)


async def read_lines(
    conn: Connection,
    scope: Scope,
    *,
    item: str,
    known_only: bool,
    since: date,
    heard: Heard,
) -> Lines:
    """Read sales (or deliveries) of the days; what came back is not taken off, because it was bought."""
    arguments = (
        "order" if scope.level == "wholesale" else "sale",
        datetime.combine(since - timedelta(days=1), time(), UTC),
        datetime.combine(scope.until + timedelta(days=2), time(), UTC),
        since,
        scope.until,
        scope.store_ids,
        not known_only,
    )
    reading = _Reading()
    async with conn.transaction(isolation="repeatable_read", readonly=True):
        await conn.execute("SET LOCAL work_mem = '64MB'")
        read_at: datetime = await conn.fetchval("SELECT now()")
        whole, done = await conn.fetchval(_COUNT, *arguments), 0
        cursor = await conn.cursor(_LINES.format(key=_KEYS[item]), *arguments)
        while rows := await cursor.fetch(_AT_ONCE):
            reading.take(rows)
            done += len({row[1] for row in rows})
            heard(min(done / whole, 1.0))
    return reading.lines(read_at)


class _Reading:
    def __init__(self) -> None:
        self._codes: list[dict[Any, int]] = [{}, {}, {}]
        self._blocks: list[Ints] = []
        self._document: Any = None
        self._number = -1
        self._unnamed = 0

    def take(self, rows: list[Any]) -> None:
        parties, stores, items = self._codes
        block = []
        for party, document, day, hour, store, item, sticks, net, _ in rows:
            if item is None:
                self._unnamed += 1
                continue
            if document != self._document:
                self._document, self._number = document, self._number + 1
            block.append(
                (
                    -1 if party is None else parties.setdefault(party, len(parties)),
                    self._number,
                    day.toordinal(),
                    hour,
                    stores.setdefault(store, len(stores)),
                    items.setdefault(item, len(items)),
                    sticks,
                    int(min(net, _MOST_NET)),
                )
            )
        self._blocks.append(np.array(block, np.int64).reshape(-1, 8))

    def lines(self, read_at: datetime) -> Lines:
        table = np.concatenate(self._blocks) if self._blocks else np.zeros((0, 8), np.int64)
        columns: list[Any] = [*np.ascontiguousarray(table.T), *(list(codes) for codes in self._codes)]
        columns += [self._unnamed, read_at]
        return Lines(*columns)


async def places_of(conn: Connection, dimension: str) -> dict[str, str]:
    """Give the area (or market type, format, sales line) of each store that has one."""
    rows = await conn.fetch(
        f"""SELECT l.store_id, {PLACES[dimension]} FROM retailer_stores l JOIN retailers r USING (retailer_id)
            WHERE {PLACES[dimension]} IS NOT NULL"""  # noqa: S608 - names of ours
    )
    return {row[0]: row[1] for row in rows}
