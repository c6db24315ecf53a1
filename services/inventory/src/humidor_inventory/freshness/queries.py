"""Statements over lots and their freshness; each is set-based and starts from a store's live lots."""

from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from humidor_common.db.pool import Connection
from humidor_inventory.freshness.rules import (
    DEFAULT_BANDS_DAYS,
    DEFAULT_EXPIRING_WITHIN_DAYS,
    DEFAULT_MAX_AGE_DAYS,
    band_name,
)
from humidor_inventory.freshness.schemas import (
    BandsView,
    BandView,
    FreshLotView,
    PickView,
    RuleView,
    ViolationView,
)

# What stands on the shelves, with the rule of its brand, else the default one, else the service's own.
_LOTS = """
WITH rules AS (
    SELECT brand, bands_days, expiring_within_days, max_age_days, max_shelf_days FROM freshness_rules
    UNION ALL
    SELECT '', $1::int[], $2::int, $3::int, NULL
    WHERE NOT EXISTS (SELECT FROM freshness_rules WHERE brand = '')
), aged AS (
    SELECT l.store_id, l.gtin, p.name, p.brand, l.lot, l.on_hand_sticks, l.production_date, l.expiry_date,
           l.received_at, l.held, t.today - l.production_date AS age_days,
           t.today - (l.received_at AT TIME ZONE t.zone)::date AS shelf_days,
           l.expiry_date - t.today AS days_left,
           coalesce(l.expiry_date, DATE '9999-12-31') AS expires,
           r.bands_days, r.expiring_within_days, r.max_age_days, r.max_shelf_days
    FROM lot_stock l JOIN products p USING (gtin)
    JOIN LATERAL (
        SELECT s.time_zone AS zone, ($4::timestamptz AT TIME ZONE s.time_zone)::date AS today
        FROM stores s WHERE s.store_id = l.store_id) t ON true
    JOIN rules r ON r.brand = CASE WHEN p.brand IN (SELECT brand FROM rules) THEN p.brand ELSE '' END
    WHERE l.live AND l.on_hand_sticks > 0 AND ($6::text IS NULL OR p.brand = $6) AND {stores}
), lots AS (
    SELECT *, CASE WHEN days_left < 0 THEN 0 WHEN days_left <= expiring_within_days THEN 1
                   WHEN age_days > max_age_days THEN 2 WHEN shelf_days > max_shelf_days THEN 3 ELSE 4
              END AS urgency
    FROM aged
)
"""
# width_bucket counts the bounds that are reached; a lot of 90 days is still in the band that ends with 90.
_BANDS = """
SELECT store_id, brand, min(bands_days) AS bands_days, sum(sticks)::bigint AS on_hand_sticks,
       jsonb_agg(jsonb_build_array(band, lots, sticks) ORDER BY band NULLS LAST) AS bands
FROM (
    SELECT store_id, brand, width_bucket(greatest(age_days, 0) - 1, bands_days) AS band,
           min(bands_days) AS bands_days, count(*) AS lots, sum(on_hand_sticks)::bigint AS sticks
    FROM lots WHERE age_days IS NOT NULL GROUP BY 1, 2, 3
    UNION ALL
    SELECT store_id, brand, NULL, min(bands_days), count(*), sum(on_hand_sticks)::bigint
    FROM lots WHERE age_days IS NULL GROUP BY 1, 2
) banded
WHERE (store_id, brand) > ($7, $8) GROUP BY store_id, brand ORDER BY store_id, brand LIMIT $9
"""
_LIST = """
SELECT * FROM lots WHERE {state} AND (urgency, expires, store_id, gtin, lot) > ($7, $8, $9, $10, $11)
ORDER BY urgency, expires, store_id, gtin, lot LIMIT $12
"""
_STATES = {
    "expired": "days_left < 0",
    "expiring": "days_left BETWEEN 0 AND coalesce($13::int, expiring_within_days)",
    "over_age": "age_days > max_age_days",
    "over_shelf": "shelf_days > max_shelf_days",
    "rotation": "urgency < 4 AND NOT held",
}
ACTIONS = ("withdraw", "sell_first", "inspect", "move_forward", "keep")
VIOLATIONS = """
SELECT e.entry_id, CASE WHEN l.expiry_date < d.day THEN 'expired' ELSE 'held' END AS kind, e.store_id, e.gtin,
       p.brand, e.lot, -e.delta_sticks AS sticks, e.source_id AS sale_id, e.line, e.occurred_at AS sold_at,
       e.recorded_at, l.expiry_date,
       CASE WHEN l.expiry_date < d.day THEN d.day - l.expiry_date END AS days_over
FROM stock_ledger e JOIN products p USING (gtin)
LEFT JOIN lot_stock l ON l.store_id = e.store_id AND l.gtin = e.gtin AND l.lot = e.lot
LEFT JOIN stores s ON s.store_id = e.store_id
CROSS JOIN LATERAL (SELECT (e.occurred_at AT TIME ZONE coalesce(s.time_zone, 'UTC'))::date AS day) d
WHERE e.explanation = 'scanned_lot_unsound' AND e.reason = 'sale' AND {stores}
  AND e.recorded_at >= $1 AND e.recorded_at < $2 AND ($3::text IS NULL OR p.brand = $3)
  AND (e.recorded_at, e.entry_id) > ($4, $6) ORDER BY e.recorded_at, e.entry_id LIMIT $7
"""
NEVER = date(9999, 12, 31)
FIRST: tuple[int, date, str, str, str] = (-1, date.min, "", "", "")


class Where(NamedTuple):
    """Which stores and which brand; None is all."""

    visible: list[str] | None
    brand: str | None


async def store_rule(conn: Connection, rule: RuleView) -> None:
    """Keep a rule; the default one stands under the empty brand."""
    await conn.execute(
        """INSERT INTO freshness_rules (brand, bands_days, expiring_within_days, max_age_days, max_shelf_days,
                                        changed_at, changed_by)
           VALUES ($1, $2, $3, $4, $5, $6, $7)
           ON CONFLICT (brand) DO UPDATE SET bands_days = $2, expiring_within_days = $3, max_age_days = $4,
                                             max_shelf_days = $5, changed_at = $6, changed_by = $7""",
        *(rule.model_dump() | {"brand": rule.brand or ""}).values(),
    )


async def delete_rule(conn: Connection, brand: str | None) -> None:
    await conn.execute("DELETE FROM freshness_rules WHERE brand = $1", brand or "")


async def load_rule(conn: Connection, brand: str | None) -> RuleView | None:
    row = await conn.fetchrow("SELECT * FROM freshness_rules WHERE brand = $1 FOR UPDATE", brand or "")
    return None if row is None else RuleView(**(dict(row) | {"brand": brand}))


async def list_rules(conn: Connection) -> list[RuleView]:
    """Read the rules, the default one first."""
    rows = await conn.fetch("SELECT * FROM freshness_rules ORDER BY brand")
    rules = [RuleView(**(dict(row) | {"brand": row["brand"] or None})) for row in rows]
    if rules and rules[0].brand is None:
        return rules
    own = RuleView(
        brand=None,
        bands_days=list(DEFAULT_BANDS_DAYS),
        expiring_within_days=DEFAULT_EXPIRING_WITHIN_DAYS,
        max_age_days=DEFAULT_MAX_AGE_DAYS,
        max_shelf_days=None,
        changed_at=None,
        changed_by=None,
    )
    return [own, *rules]


async def list_bands(
    conn: Connection, where: Where, *, now: datetime, after: tuple[str, str], limit: int
) -> list[BandsView]:
    rows = await conn.fetch(_lots(where) + _BANDS, *_given(where, now), *after, limit)
    return [_bands(row) for row in rows]


async def list_lots(
    conn: Connection,
    where: Where,
    state: str,
    *,
    now: datetime,
    within_days: int | None,
    page: tuple[tuple[int, date, str, str, str], int],
) -> list[FreshLotView]:
    """Read the lots in a state (or those to rotate), the most urgent first."""
    after, limit = page
    statement = _lots(where) + _LIST.format(state=_STATES[state])
    extra = [within_days] if state == "expiring" else []
    rows = await conn.fetch(statement, *_given(where, now), *after, limit, *extra)
    return [FreshLotView(**row, action=ACTIONS[row["urgency"]]) for row in rows]


async def list_violations(
    conn: Connection,
    where: Where,
    period: tuple[datetime, datetime],
    *,
    after: tuple[datetime, int],
    limit: int,
) -> list[ViolationView]:
    stores = "$5::text[] IS NULL" if where.visible is None else "e.store_id = ANY($5::text[])"
    rows = await conn.fetch(
        VIOLATIONS.format(stores=stores), *period, where.brand, after[0], where.visible, after[1], limit
    )
    return [ViolationView(**row) for row in rows]


async def store_pick(conn: Connection, view: PickView) -> None:
    await conn.execute(
        """INSERT INTO picks (pick_id, store_id, gtin, quantity_sticks, suggested, chosen, overridden,
                              short_sticks, reason, reference, picked_at, picked_by)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)""",
        *(
            [part.model_dump(mode="json") for part in value] if isinstance(value, list) else value
            for value in (getattr(view, name) for name in PickView.model_fields)
        ),
    )


async def list_picks(
    conn: Connection,
    visible: list[str] | None,
    *,
    overridden: bool | None,
    after: UUID | None,
    limit: int,
) -> list[PickView]:
    conditions = {
        "store_id = ANY(${}::text[])": visible,
        "overridden = ${}": overridden,
        "pick_id > ${}": after,
    }
    given = [(text, value) for text, value in conditions.items() if value is not None]
    where = " AND ".join(["true", *(text.format(n) for n, (text, _) in enumerate(given, 2))])
    statement = f"SELECT * FROM picks WHERE {where} ORDER BY pick_id LIMIT $1"  # noqa: S608 - our own text
    return [PickView(**row) for row in await conn.fetch(statement, limit, *(value for _, value in given))]


def _lots(where: Where) -> str:
    """Only a filter that is given enters the statement, so that it finds its index."""
    none = "$5::text[] IS NULL"
    return _LOTS.format(stores=none if where.visible is None else "l.store_id = ANY($5::text[])")


def _given(where: Where, now: datetime) -> tuple[Any, ...]:
    own = (list(DEFAULT_BANDS_DAYS), DEFAULT_EXPIRING_WITHIN_DAYS, DEFAULT_MAX_AGE_DAYS)
    return (*own, now, where.visible, where.brand)


def _bands(row: Any) -> BandsView:
    total = row["on_hand_sticks"]
    return BandsView(
        store_id=row["store_id"],
        brand=row["brand"],
        on_hand_sticks=total,
        bands=[
            BandView(
                band=band_name(band, row["bands_days"]),
                lots=lots,
                on_hand_sticks=sticks,
                share=round(sticks / total, 6),
            )
            for band, lots, sticks in row["bands"]
        ],
    )
