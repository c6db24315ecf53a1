"""Keeps what plans have to respect: limited supply, suppliers' order cycles, lanes and priorities."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple, TypeVar

import asyncpg
from pydantic import BaseModel

from humidor_common import audit
from humidor_common.auth import Principal
from humidor_common.db.pool import Connection
from humidor_common.web.problems import invalid, not_found
from humidor_inventory.inputs import check_match, sticks_of
from humidor_inventory.orders.queries import TAKEN_STICKS
from humidor_inventory.supply.schemas import (
    CycleInput,
    CycleView,
    LaneInput,
    LaneView,
    PriorityInput,
    PriorityView,
    SupplyInput,
    SupplyView,
)
from humidor_inventory.units.queries import load_factors

# Every order counts that was placed, or waits for an approval, on the days of its store that the supply
# holds, whoever made it. The outer bounds are for the index: no store's day is further from the server's.
READ_SUPPLY = f"""
SELECT s.*, x.ordered AS ordered_sticks, greatest(s.quantity_sticks - x.ordered, 0) AS left_sticks
FROM supplies s CROSS JOIN LATERAL (
    SELECT coalesce(sum({TAKEN_STICKS}), 0)::bigint AS ordered
    FROM purchase_orders o JOIN purchase_order_lines l USING (purchase_order_id)
    JOIN stores t USING (store_id)
    WHERE l.gtin = s.gtin
      AND (o.state = 'pending_approval'
           OR (o.placed_at >= s.valid_from - 2 AND o.placed_at < s.valid_until + 3))
      AND (coalesce(o.placed_at, o.created_at) AT TIME ZONE t.time_zone)::date
          BETWEEN s.valid_from AND s.valid_until) x
"""  # noqa: S608 - made of constants

V = TypeVar("V", bound=BaseModel)


class Kept(NamedTuple):
    """A table of what people set: its key columns and the word for one row."""

    table: str
    keys: tuple[str, ...]
    word: str


SUPPLIES = Kept("supplies", ("gtin",), "supply")
CYCLES = Kept("supplier_cycles", ("supplier_id",), "order cycle")
LANES = Kept("lanes", ("from_store_id", "to_store_id"), "lane")
PRIORITIES = Kept("store_priorities", ("store_id",), "priority")


async def put_supply(
    conn: Connection, principal: Principal, gtin: str, given: SupplyInput, *, match: str | None, now: datetime
) -> SupplyView:
    factors = (await load_factors(conn, [gtin])).get(gtin)
    if factors is None:
        raise invalid("gtin", "there is no such product")
    values = {
        "quantity_sticks": sticks_of(given.quantity, given.unit, factors, "quantity"),
        **given.model_dump(exclude={"quantity", "unit"}),
    }
    await _put(conn, principal, (SUPPLIES, {"gtin": gtin}, values), match=match, now=now)
    return await get_supply(conn, gtin)


async def get_supply(conn: Connection, gtin: str) -> SupplyView:
    row = await conn.fetchrow(READ_SUPPLY + "WHERE s.gtin = $1", gtin)
    if row is None:
        raise not_found("supply", gtin)
    return _view(SupplyView, row)


async def list_supplies(conn: Connection, *, after: str, limit: int) -> list[SupplyView]:
    rows = await conn.fetch(READ_SUPPLY + "WHERE s.gtin > $1 ORDER BY s.gtin LIMIT $2", after, limit)
    return [_view(SupplyView, row) for row in rows]


async def put_cycle(
    conn: Connection, principal: Principal, key: str, given: CycleInput, *, match: str | None, now: datetime
) -> CycleView:
    values = given.model_dump() | {"order_weekdays": sorted(set(given.order_weekdays))}
    row = await _put(conn, principal, (CYCLES, {"supplier_id": key}, values), match=match, now=now)
    return _view(CycleView, row)


async def get_cycle(conn: Connection, supplier_id: str) -> CycleView:
    return _view(CycleView, await _get(conn, CYCLES, {"supplier_id": supplier_id}))


async def put_lane(
    conn: Connection,
    principal: Principal,
    ends: tuple[str, str],
    given: LaneInput,
    *,
    match: str | None,
    now: datetime,
) -> LaneView:
    if ends[0] == ends[1]:
        raise invalid("to_store_id", "is another store than from_store_id")
    key = dict(zip(LANES.keys, ends, strict=True))
    return _view(
        LaneView, await _put(conn, principal, (LANES, key, given.model_dump()), match=match, now=now)
    )


async def list_lanes(conn: Connection, *, after: tuple[str, str], limit: int) -> list[LaneView]:
    rows = await conn.fetch(
        """SELECT * FROM lanes WHERE (from_store_id, to_store_id) > ($1, $2)
           ORDER BY from_store_id, to_store_id LIMIT $3""",
        *after,
        limit,
    )
    return [_view(LaneView, row) for row in rows]


async def put_priority(
    conn: Connection, principal: Principal, store_id: str, given: PriorityInput, *, now: datetime
) -> PriorityView:
    kept = (PRIORITIES, {"store_id": store_id}, given.model_dump())
    return _view(PriorityView, await _put(conn, principal, kept, match=None, now=now))


async def delete_kept(
    conn: Connection, principal: Principal, kept: Kept, key: Mapping[str, str], *, match: str | None
) -> None:
    """Forget one; plans do without it from then on."""
    before = await _get(conn, kept, key)
    check_match(match, before["version"])
    where = _where(kept.keys)
    await conn.execute(f"DELETE FROM {kept.table} WHERE {where}", *key.values())  # noqa: S608 - our names
    await audit.record(conn, principal, "delete", kept.word, "/".join(key.values()), before=_told(before))


async def _put(
    conn: Connection,
    principal: Principal,
    given: tuple[Kept, Mapping[str, str], Mapping[str, Any]],
    *,
    match: str | None,
    now: datetime,
) -> Any:
    """Set one row as a whole, and note who did and what it was before.

    Raises:
        Problem: 412 where it has changed since it was read, 422 where the key names what is not there.
    """
    kept, key, values = given
    entity = "/".join(key.values())
    await conn.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended($1, 7301012))", f"{kept.table}/{entity}"
    )
    where = _where(kept.keys)
    query = f"SELECT * FROM {kept.table} WHERE {where}"  # noqa: S608 - our names
    before = await conn.fetchrow(query, *key.values())
    check_match(match, before["version"] if before else None)
    version = before["version"] + 1 if before else 1
    row = {**key, **values, "version": version, "changed_at": now, "changed_by": principal.subject}
    sets = ", ".join(f"{name} = excluded.{name}" for name in row if name not in kept.keys)
    try:
        after = await conn.fetchrow(
            f"""INSERT INTO {kept.table} ({", ".join(row)})
                VALUES ({", ".join(f"${i}" for i in range(1, len(row) + 1))})
                ON CONFLICT ({", ".join(kept.keys)}) DO UPDATE SET {sets} RETURNING *""",  # noqa: S608 - our names
            *row.values(),
        )
    except asyncpg.ForeignKeyViolationError as error:
        named = next((name for name in kept.keys if f"({name})" in str(error.detail)), kept.keys[0])
        raise invalid(named, "there is no such thing") from error
    action = "change" if before else "create"
    await audit.record(conn, principal, action, kept.word, entity, before=_told(before), after=_told(after))
    return after


async def _get(conn: Connection, kept: Kept, key: Mapping[str, str]) -> Any:
    where = _where(kept.keys)
    row = await conn.fetchrow(f"SELECT * FROM {kept.table} WHERE {where}", *key.values())  # noqa: S608
    if row is None:
        raise not_found(kept.word, "/".join(key.values()))
    return row


def _where(keys: Sequence[str]) -> str:
    return " AND ".join(f"{name} = ${i}" for i, name in enumerate(keys, start=1))


def _told(row: Any) -> dict[str, Any] | None:
    return None if row is None else dict(row)


def _view(view: type[V], row: Any) -> V:
    return view(**{name: row[name] for name in view.model_fields})
