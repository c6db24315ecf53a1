"""Finds goods that hardly move, and where they would."""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Any, NamedTuple

from humidor_common.clock import local_date, utc_now
from humidor_common.db.pool import Connection
from humidor_common.web.pagination import Page, decode_cursor, encode_cursor
from humidor_common.web.problems import not_found
from humidor_inventory.turnover.rules.advice import Limits, Seller, Slow, advise, excess
from humidor_inventory.turnover.rules.figures import E4
from humidor_inventory.turnover.rules.periods import READ_ROWS, SCATTERED
from humidor_inventory.turnover.schemas import SlowRow

WINDOW_DAYS = 90
_WINDOW_MONTHS = 2

# One store: its stock, its last 90 days, the months before only where those have no sale.
_SLOW = """
SELECT s.gtin, s.on_hand_sticks - s.reserved_sticks AS available, coalesce(d.sold, 0)::bigint AS sold,
       d.received,
       coalesce(d.last_sold, m.last_sold) AS last_sold, e.expired, k.unit, p.currency,
       p.supplier_id IS NOT NULL AS has_supplier
FROM stock s JOIN products p USING (gtin)
LEFT JOIN (SELECT gtin, sum(sold_sticks) AS sold, max(day) FILTER (WHERE sold_sticks > 0) AS last_sold,
                  max(day) FILTER (WHERE received_sticks > 0) AS received
           FROM daily_flows WHERE store_id = $1 AND day > $2::date - $3::int AND day <= $2 GROUP BY gtin
          ) d USING (gtin)
LEFT JOIN LATERAL (SELECT max(last_sold_day) AS last_sold FROM monthly_flows m
                   WHERE m.store_id = $1 AND m.gtin = s.gtin AND d.last_sold IS NULL) m ON true
LEFT JOIN LATERAL (SELECT coalesce(sum(on_hand_sticks), 0)::bigint AS expired FROM lot_stock l
                   WHERE l.store_id = $1 AND l.gtin = s.gtin AND l.live AND l.expiry_date < $2) e ON true
LEFT JOIN LATERAL (SELECT unit_cost_e4 AS unit FROM rolled_costs k
                   WHERE k.gtin = s.gtin AND valid_from <= $2 ORDER BY valid_from DESC LIMIT 1) k ON true
WHERE s.store_id = $1 AND s.on_hand_sticks > s.reserved_sticks AND s.gtin > $4
  AND (e.expired > 0 OR coalesce(d.last_sold, m.last_sold, '-infinity') <= $2::date - $5::int
       OR (s.on_hand_sticks - s.reserved_sticks)::float8 * $3 > coalesce(d.sold, 0)::float8 * $6)
ORDER BY s.gtin LIMIT $7
"""
# Other stores by the months in which they sold these products.
_SELLERS = """
SELECT m.gtin, m.store_id, m.sold::float8 / greatest($3::date - $2::date, 1) AS daily,
       s.on_hand_sticks - s.reserved_sticks + s.on_order_sticks AS available
FROM (SELECT f.gtin, f.store_id, sum(sold_sticks) AS sold FROM unnest($1::text[]) g
      CROSS JOIN LATERAL (SELECT * FROM monthly_flows f WHERE f.gtin = g AND f.month >= $2 AND f.month <= $3
                          AND f.store_id <> $4 AND ($5::text[] IS NULL OR f.store_id = ANY($5)) OFFSET 0) f
      GROUP BY 1, 2 HAVING sum(sold_sticks) > 0) m
JOIN stock s USING (store_id, gtin) JOIN stores t USING (store_id)
WHERE t.status = 'open' AND t.kind = 'store'
"""


class _Store(NamedTuple):
    """Whose goods, whose stores the caller sees, and the store's date."""

    store_id: str
    visible: list[str] | None
    today: date


async def list_slow(
    conn: Connection,
    asked: tuple[str, list[str] | None],
    limits: Limits,
    *,
    cursor: str | None,
    limit: int,
) -> Page[SlowRow]:
    """List what is slow, by GTIN, each with the advice that fits it."""
    store_id, visible = asked
    zone = await conn.fetchval("SELECT time_zone FROM stores WHERE store_id = $1", store_id)
    if zone is None:
        raise not_found("store", store_id)
    store = _Store(store_id, visible, local_date(utc_now(), zone))
    after = decode_cursor(cursor, str)[0] if cursor else ""
    limit = await _fitting(conn, limit)
    rows = await conn.fetch(
        _SLOW, store_id, store.today, WINDOW_DAYS, after, limits.idle_days, limits.cover_days, limit + 1
    )
    sellers = await _sellers(conn, store, [row["gtin"] for row in rows[:limit]])
    items = [_row(row, store, sellers.get(row["gtin"], ()), limits) for row in rows[:limit]]
    more = len(rows) > limit
    return Page(items=items, next_cursor=encode_cursor(items[-1].gtin) if more else None)


async def _fitting(conn: Connection, limit: int) -> int:
    """Take fewer products on a page where many stores may sell them."""
    stores: int = await conn.fetchval("SELECT count(*) FROM stores")
    return max(min(limit, READ_ROWS // SCATTERED // ((stores + 1) * (_WINDOW_MONTHS + 1))), 1)


async def _sellers(conn: Connection, store: _Store, gtins: Sequence[str]) -> dict[str, list[Seller]]:
    month = store.today.replace(day=1)
    for _ in range(_WINDOW_MONTHS):
        month = (month - timedelta(days=1)).replace(day=1)
    found: dict[str, list[Seller]] = {}
    for gtin, store_id, daily, available in await conn.fetch(
        _SELLERS, list(gtins), month, store.today, store.store_id, store.visible
    ):
        found.setdefault(gtin, []).append(Seller(store_id, daily, max(available, 0)))
    return found


def _row(row: Any, store: _Store, sellers: Iterable[Seller], limits: Limits) -> SlowRow:
    idle = None if row["last_sold"] is None else (store.today - row["last_sold"]).days
    since = None if row["received"] is None else (store.today - row["received"]).days
    daily = max(row["sold"], 0) / WINDOW_DAYS
    slow = Slow(row["available"], row["expired"], daily, idle, since, row["has_supplier"])
    advice = advise(slow, sellers, limits)
    unit = row["unit"]
    return SlowRow(
        store_id=store.store_id,
        gtin=row["gtin"],
        available_sticks=slow.available_sticks,
        expired_sticks=slow.expired_sticks,
        value_minor=None if unit is None else slow.available_sticks * unit / E4,
        currency=row["currency"],
        daily_sticks=round(daily, 4),
        cover_days=round(slow.available_sticks / daily, 1) if daily else None,
        last_sale_day=row["last_sold"],
        days_since_sale=idle,
        excess_sticks=excess(slow, limits),
        action=advice.action,
        action_sticks=advice.sticks,
        to_store_id=advice.to_store_id,
        reason=advice.reason,
    )
