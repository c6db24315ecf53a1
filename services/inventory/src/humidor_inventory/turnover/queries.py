"""Reads reports from sums: closed days from a rollup, open ones and what came late from their flows."""

from typing import Any

from humidor_common.db.pool import Connection
from humidor_inventory.rollups.restating import COSTS
from humidor_inventory.rollups.sums import NET, SUMS
from humidor_inventory.turnover.rules.periods import LABELS, Scale
from humidor_inventory.turnover.sources import KEYS, Query, added, all_flows, mine, open_flows, rolled

# The catalogue and the costs as the rollups have them, and what is newer than they are.
CATALOGUE = """
SELECT p.gtin, coalesce(r.brand, p.brand) COLLATE "C" AS brand,
       coalesce(r.price_class, p.price_class, '') COLLATE "C" AS price_class,
       coalesce(r.supplier_id, p.supplier_id, '') AS supplier_id,
       coalesce(r.currency, p.currency, '') COLLATE "C" AS currency
FROM products p LEFT JOIN rolled_products r USING (gtin)
"""
KNOWN_COSTS = f"""
SELECT gtin, valid_from, unit_cost_e4 FROM rolled_costs
UNION ALL SELECT * FROM ({COSTS}) c WHERE NOT EXISTS (SELECT FROM rolled_products r WHERE r.gtin = c.gtin)
"""  # noqa: S608 - made of constants
_RANGES = """
SELECT gtin AS costed, unit_cost_e4 AS unit, valid_from,
       lead(valid_from, 1, 'infinity') OVER (PARTITION BY gtin ORDER BY valid_from) AS valid_to FROM costs
"""
# Day 1 of the calendar was a Monday; this costs a fraction of what date_trunc does.
_MONDAY = "start - (start - '0001-01-01'::date) % 7"
_START = {
    "none": "$2::date",
    "day": "start",
    "week": f"greatest({_MONDAY}, $2)",
    "month": "greatest(date_trunc('month', start::timestamp)::date, $2)",
}
_END = {
    "none": "$3::date",
    "day": "start",
    "week": f"least({_MONDAY} + 6, $3)",
    "month": "least((date_trunc('month', start::timestamp) + interval '1 month')::date - 1, $3)",
}


def _held(query: Query) -> str:
    """Sum what is held now, at the cost that the last closed day knew."""
    store = "s.store_id" if "store" in query.by else "''::text AS store_id"
    return f"""
SELECT {", ".join(query.keys)}, sum(sticks)::bigint AS now_sticks,
       sum(sticks * coalesce(unit, 0))::bigint AS now_value_e4
FROM (SELECT {store}, s.gtin, coalesce(d.through, 'infinity') AS through,
             sum(s.on_hand_sticks + s.quarantined_sticks)::bigint AS sticks
      FROM stock s JOIN stores USING (store_id) LEFT JOIN closed_days d USING (store_id)
      WHERE {mine(query, "s.store_id")} GROUP BY 1, 2, 3) s
JOIN catalogue USING (gtin)
LEFT JOIN ({_RANGES}) k ON k.costed = gtin AND k.valid_from <= s.through
                       AND (k.valid_to > s.through OR k.valid_to = 'infinity')
GROUP BY {", ".join(query.keys)}
"""  # noqa: S608 - made of our own names


def statement(query: Query) -> str:
    """Write the report: $1 stores, $2 since, $3 until, $4 most groups, $5 products, filters, the cursor.

    A row is a group and a bucket (NULL: after the last); `now_*` is what the group holds now.
    """
    keys = ", ".join(query.keys)
    conditions = {name: f"{KEYS[name]} = ${n}" for n, name in enumerate(query.filters, 6)}
    places = ", ".join(
        f"${n}" for n in range(6 + len(query.filters), 6 + len(query.filters) + len(query.keys))
    )
    chosen = " AND ".join(["($5::text[] IS NULL OR p.gtin = ANY($5))", *_of_catalogue(conditions)])
    where = " AND ".join(each for name, each in conditions.items() if name in LABELS) or "true"
    daily = query.source == "daily_flows"
    rows = added() if daily else f"{rolled(query)} UNION ALL {added()}"
    sums = ", ".join(f"sum({name})::bigint AS {name}" for name in SUMS)
    return f"""
WITH catalogue AS MATERIALIZED (SELECT * FROM ({CATALOGUE}) p WHERE {chosen}),
costs AS MATERIALIZED ({KNOWN_COSTS}),
flows AS MATERIALIZED ({all_flows(query) if daily else open_flows(query)}),
facts AS (SELECT *, {NET} AS net,
                 CASE WHEN start <= $3 THEN {_END[query.span.period]} - finish ELSE 0 END AS left_days
          FROM ({rows}) r WHERE {where}),
summed AS (
    SELECT {keys}, CASE WHEN start <= $3 THEN {_START[query.span.period]} END AS bucket, {sums},
           sum(net)::bigint AS net, sum(stick_days + net * left_days)::bigint AS moment,
           sum(value_days_e4 + value_e4 * left_days)::bigint AS value_moment
    FROM facts GROUP BY {keys}, bucket
), held AS ({_held(query)}
), joined AS (
    SELECT * FROM summed FULL JOIN held USING ({keys})
), page AS (
    SELECT DISTINCT {keys} FROM joined {f"WHERE ({keys}) > ({places})" if query.after else ""}
    ORDER BY {keys} LIMIT $4
)
SELECT joined.* FROM joined JOIN page USING ({keys}) ORDER BY {keys}, bucket
"""  # noqa: S608 - made of our own names


def _of_catalogue(conditions: dict[str, str]) -> list[str]:
    return [f"p.{condition}" for condition in conditions.values()]


_TIMEOUT_SECONDS = 30
_WORK_MEMORY = "32MB"  # what a page sorts at most


async def read_report(conn: Connection, query: Query) -> list[dict[str, Any]]:
    """Read one page of groups with all their buckets."""
    arguments: list[Any] = [query.stores, query.span.since, query.span.until, query.limit, query.gtins]
    arguments += [*query.filters.values(), *(query.after or ())]
    async with conn.transaction():
        await conn.execute(f"SET LOCAL work_mem = '{_WORK_MEMORY}'")
        rows = await conn.fetch(statement(query), *arguments, timeout=_TIMEOUT_SECONDS)
    return [dict(row) for row in rows]


async def measure_scale(conn: Connection) -> Scale:
    """Count what a store has at most."""
    (row,) = await conn.fetch(
        "SELECT count(*), count(DISTINCT (brand, price_class, supplier_id, currency)) FROM products"
    )
    return Scale(products=row[0], segments=row[1])


async def list_stores(
    conn: Connection, visible: list[str] | None, after: str, limit: int, *, whole: bool
) -> list[str]:
    """Name the next stores, without `after` itself where the `whole` of it was told."""
    rows = await conn.fetch(
        """SELECT store_id FROM stores WHERE store_id >= $1 AND (store_id <> $1 OR NOT $4)
           AND ($2::text[] IS NULL OR store_id = ANY($2)) ORDER BY store_id LIMIT $3""",
        after,
        visible,
        limit,
        whole,
    )
    return [row[0] for row in rows]


async def list_groups(conn: Connection, query: Query, limit: int) -> list[tuple[tuple[str, ...], list[str]]]:
    """Name the next groups of products by the keys of the report, each with its GTINs."""
    keys = ", ".join(query.keys)
    conditions = [f"{KEYS[name]} = ${n}" for n, name in enumerate(query.filters, 2)]
    first = 2 + len(query.filters)
    if query.after:
        conditions.append(f"({keys}) > ({', '.join(f'${n}' for n in range(first, first + len(query.keys)))})")
    rows = await conn.fetch(
        f"SELECT {keys}, array_agg(gtin) FROM ({CATALOGUE}) p"  # noqa: S608 - our own names
        f" WHERE {' AND '.join(conditions) or 'true'} GROUP BY {keys} ORDER BY {keys} LIMIT $1",
        limit,
        *query.filters.values(),
        *(query.after or ()),
    )
    return [(tuple(row)[:-1], row[-1]) for row in rows]
