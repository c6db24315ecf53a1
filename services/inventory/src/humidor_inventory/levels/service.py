"""Sets reorder points and order-up-to levels, and acts on them at once."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from humidor_common import audit
from humidor_common.auth import Principal
from humidor_common.db.pool import Connection
from humidor_common.web.problems import FieldError, Problem, not_found
from humidor_inventory.inputs import check_match, sticks_of
from humidor_inventory.levels.schemas import LevelInput, LevelItem, LevelView
from humidor_inventory.replenishment.review import review
from humidor_inventory.stock.changes import note_change
from humidor_inventory.stock.service import load_shelves, lock_stores
from humidor_inventory.units.queries import load_factors
from humidor_inventory.units.rules import Factors

_READ = """
SELECT l.*, p.sticks_per_pack, p.packs_per_carton, p.cartons_per_case
FROM levels l JOIN products p USING (gtin)
"""
_WRITE = """
INSERT INTO levels SELECT l.* FROM jsonb_array_elements($1::jsonb) e
CROSS JOIN LATERAL jsonb_populate_record(null::levels, e) l
ON CONFLICT (store_id, gtin) DO UPDATE SET
    unit = excluded.unit, reorder_point_sticks = excluded.reorder_point_sticks,
    order_up_to_sticks = excluded.order_up_to_sticks, order_multiple_sticks = excluded.order_multiple_sticks,
    minimum_order_sticks = excluded.minimum_order_sticks, auto_approve = excluded.auto_approve,
    supply_cap_sticks = excluded.supply_cap_sticks, cap_days = excluded.cap_days,
    review_days = excluded.review_days, daily_sticks = excluded.daily_sticks,
    version = excluded.version, changed_at = excluded.changed_at
"""
_WRITE_POINTS = """
INSERT INTO stock (store_id, gtin, reorder_point_sticks)
SELECT e->>'store_id', e->>'gtin', (e->>'reorder_point_sticks')::bigint FROM jsonb_array_elements($1::jsonb) e
ON CONFLICT (store_id, gtin) DO UPDATE SET reorder_point_sticks = excluded.reorder_point_sticks
"""


async def get_level(conn: Connection, store_id: str, gtin: str) -> LevelView:
    row = await conn.fetchrow(_READ + "WHERE store_id = $1 AND gtin = $2", store_id, gtin)
    if row is None:
        raise not_found("level", f"{store_id}/{gtin}")
    return _view(row)


async def read_levels(conn: Connection, pairs: Sequence[tuple[str, str]]) -> dict[tuple[str, str], LevelView]:
    """Read the levels of (store, GTIN) `pairs`, of those that have one."""
    rows = await conn.fetch(
        f"{_READ} JOIN unnest($1::text[], $2::text[]) k(store_id, gtin) USING (store_id, gtin)",
        [store_id for store_id, _ in pairs],
        [gtin for _, gtin in pairs],
    )
    return {(row["store_id"], row["gtin"]): _view(row) for row in rows}


async def list_levels(
    conn: Connection, visible: list[str] | None, gtin: str | None, *, after: tuple[str, str], limit: int
) -> list[LevelView]:
    rows = await conn.fetch(
        f"""{_READ} WHERE (store_id, gtin) > ($1, $2) AND ($3::text[] IS NULL OR store_id = ANY($3))
             AND ($4::text IS NULL OR gtin = $4) ORDER BY store_id, gtin LIMIT $5""",
        *after,
        visible,
        gtin,
        limit,
    )
    return [_view(row) for row in rows]


async def set_levels(
    conn: Connection,
    principal: Principal | None,
    items: Sequence[LevelItem],
    *,
    now: datetime,
    if_match: str | None = None,
) -> list[LevelView]:
    """Set levels, and review each store and product under its new ones; all or none.

    Without a principal it was no person: the policy that did it says why, and the audit trail stays as it is.
    A level that is set again lifts the refusal of an earlier suggestion.
    """
    await lock_stores(conn, {item.store_id for item in items})
    factors = await load_factors(conn, {item.gtin for item in items})
    await _refuse_unknown(conn, items, factors)
    pairs = [(item.store_id, item.gtin) for item in items]
    before = await read_levels(conn, pairs)
    rows = []
    for i, item in enumerate(items):
        old = before.get((item.store_id, item.gtin))
        check_match(if_match, old.version if old else None)
        rows.append(_row(item, factors[item.gtin], (i, old.version + 1 if old else 1, now)))
    await conn.execute(_WRITE, rows)
    await conn.execute(_WRITE_POINTS, rows)
    note_change({item.store_id for item in items})
    await conn.execute(
        """UPDATE alerts SET suggestion_refused = false FROM jsonb_array_elements($1::jsonb) e
           WHERE store_id = e->>0 AND kind = 'below_reorder_point' AND subject = e->>1
             AND closed_at IS NULL AND suggestion_refused""",
        pairs,
    )
    after = await read_levels(conn, pairs)
    if principal is not None:
        entries = [_entry(before.get(pair), after[pair]) for pair in pairs]
        await audit.record_many(conn, principal, "level", entries)
    shelves = await load_shelves(conn, pairs)
    await review(conn, [shelf for shelf in shelves.values() if shelf.needs_review], now=now)
    return [after[pair] for pair in pairs]


async def _refuse_unknown(conn: Connection, items: Sequence[LevelItem], factors: Collection[str]) -> None:
    stores = {
        row[0]
        for row in await conn.fetch(
            "SELECT store_id FROM stores WHERE store_id = ANY($1::text[])", [item.store_id for item in items]
        )
    }
    errors = [
        FieldError(f"levels[{i}].gtin" if len(items) > 1 else "gtin", "there is no such product")
        for i, item in enumerate(items)
        if item.gtin not in factors
    ] + [
        FieldError(f"levels[{i}].store_id" if len(items) > 1 else "store_id", "there is no such store")
        for i, item in enumerate(items)
        if item.store_id not in stores
    ]
    if errors:
        raise Problem(422, "invalid", f"{errors[0].field}: {errors[0].message}", errors=errors[:50])


def _row(item: LevelItem, factors: Factors, said: tuple[int, int, datetime]) -> dict[str, Any]:
    number, version, now = said
    sticks = {
        f"{name}_sticks": sticks_of(getattr(item, name) or 0, item.unit, factors, f"levels[{number}].{name}")
        for name in ("reorder_point", "order_up_to", "minimum_order")
    }
    multiple = sticks_of(item.order_multiple or 1, item.unit, factors, f"levels[{number}].order_multiple")
    cap = item.supply_cap and sticks_of(item.supply_cap, item.unit, factors, f"levels[{number}].supply_cap")
    return {
        "store_id": item.store_id,
        "gtin": item.gtin,
        "unit": item.unit,
        **sticks,
        "order_multiple_sticks": multiple,
        "supply_cap_sticks": cap,
        "cap_days": item.cap_days,
        "review_days": item.review_days,
        "daily_sticks": item.demand_per_day and item.demand_per_day * getattr(factors, item.unit),
        "auto_approve": item.auto_approve,
        "version": version,
        "changed_at": now,
    }


def _view(row: Any) -> LevelView:
    factors = Factors.of(row["sticks_per_pack"], row["packs_per_carton"], row["cartons_per_case"])
    size = int(getattr(factors, row["unit"]))
    names = [name for name in LevelInput.model_fields if f"{name}_sticks" in row]
    return LevelView(
        **{name: row[name] for name in LevelView.model_fields if name in row},
        **{name: _whole(row[f"{name}_sticks"], size) for name in names},
        demand_per_day=row["daily_sticks"] and row["daily_sticks"] / size,
    )


def _whole(sticks: int | None, size: int) -> int | None:
    return None if sticks is None else sticks // size


def _entry(before: LevelView | None, after: LevelView) -> audit.Entry:
    was = before and before.model_dump(mode="json")
    return audit.Entry("set", f"{after.store_id}/{after.gtin}", was, after.model_dump(mode="json"))
