"""Works out what holding stock costs."""

from humidor_common.db.pool import Connection
from humidor_common.web.pagination import Page
from humidor_common.web.problems import invalid
from humidor_inventory.turnover.queries import CATALOGUE, KNOWN_COSTS
from humidor_inventory.turnover.rules.figures import E4
from humidor_inventory.turnover.rules.holding import Rates, holding_cost
from humidor_inventory.turnover.schemas import HoldingRow
from humidor_inventory.turnover.service import Asked, named, read_groups
from humidor_inventory.turnover.sources import KEYS, mine

# From the lots that hold something; each lot's own store says what day it is.
_AT_RISK = f"""
SELECT {{keys}}, sum(sticks * unit_cost_e4)::bigint AS at_risk_e4
FROM (SELECT l.store_id, l.gtin, sum(l.on_hand_sticks + l.quarantined_sticks) AS sticks
      FROM lot_stock l JOIN stores s USING (store_id)
      WHERE l.live AND l.expiry_date <= (now() AT TIME ZONE s.time_zone)::date + $2::int AND {{mine}}
      GROUP BY 1, 2) h
JOIN ({CATALOGUE}) p USING (gtin)
LEFT JOIN (SELECT DISTINCT ON (gtin) gtin, unit_cost_e4 FROM ({KNOWN_COSTS}) k WHERE valid_from <= now()::date
           ORDER BY gtin, valid_from DESC) c USING (gtin)
WHERE {{where}} GROUP BY {{keys}}
"""  # noqa: S608 - made of constants


async def list_costs(
    conn: Connection, asked: Asked, rates: Rates, expiring_within_days: int
) -> Page[HoldingRow]:
    """Work out each group of a page; stock that expires soon is that of now, so the period is not cut."""
    if asked.period != "none":
        raise invalid("period", "what may expire is known of now only: ask for one period")
    page = await read_groups(conn, asked)
    query = page.query
    where = " AND ".join(f"{KEYS[name]} = ${n}" for n, name in enumerate(query.filters, 3)) or "true"
    rows = await conn.fetch(
        _AT_RISK.format(keys=", ".join(query.keys), where=where, mine=mine(query, "l.store_id")),
        query.stores,
        expiring_within_days,
        *query.filters.values(),
    )
    at_risk = {tuple(row[name] for name in query.keys): float(row["at_risk_e4"] or 0) / E4 for row in rows}
    items = []
    for group in page.groups:
        ((bucket, sums),) = group.periods
        risk = at_risk.get(tuple(group.keys.values()), 0.0)
        cost = holding_cost(sums, rates, risk)
        items.append(
            HoldingRow(
                **named(group.keys),
                start=bucket.start,
                end=bucket.end,
                average_value_minor=round(sums.average_value_minor, 4),
                capital_minor=cost.capital,
                storage_minor=cost.storage,
                shrinkage_minor=cost.shrinkage,
                at_risk_minor=risk,
                expiry_risk_minor=cost.expiry_risk,
                total_minor=cost.total,
                rate=cost.rate,
            )
        )
    return Page(items=items, next_cursor=page.next_cursor)
