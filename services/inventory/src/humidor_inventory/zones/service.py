"""Keeps zones, what they are judged by, and what lies in them; each with its history."""

from collections.abc import Collection
from datetime import datetime, timedelta

from humidor_common import audit
from humidor_common.auth import Principal
from humidor_common.clock import to_milliseconds
from humidor_common.db.pool import Connection
from humidor_common.web.problems import invalid, not_found
from humidor_inventory.inputs import check_match
from humidor_inventory.zones import queries
from humidor_inventory.zones.rules import default_limits
from humidor_inventory.zones.schemas import Limits, PlacementsInput, ZoneInput, ZoneView

BACKDATED = timedelta(days=7)

_PUT_ZONE = """
INSERT INTO climate_zones (store_id, zone_id, name, version, changed_at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (store_id, zone_id) DO UPDATE SET name = $3, version = $4, changed_at = $5
"""
_PUT_TERMS = """
INSERT INTO climate_terms (store_id, zone_id, effective_from, temperature_min_c, temperature_max_c,
                           humidity_min_pct, humidity_max_pct, light_max_lux, grace_minutes, interval_seconds,
                           gap_intervals, policy)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
"""
_TERMS = ("grace_minutes", "interval_seconds", "gap_intervals", "policy")


async def put_zone(
    conn: Connection,
    principal: Principal,
    zone: tuple[str, str, ZoneInput],
    *,
    if_match: str | None,
    now: datetime,
) -> ZoneView:
    """Make or change a zone; a store's first one is where its goods lie unless something else is said."""
    store_id, zone_id, given = zone
    await lock_zones(conn, store_id)
    before = await queries.load_zone(conn, store_id, zone_id)
    check_match(if_match, before.version if before else None)
    usual = await _default_limits(conn, store_id)
    limits = given.limits or usual
    same_terms = before is not None and all(getattr(before, n) == getattr(given, n) for n in _TERMS)
    same_terms = same_terms and before is not None and before.limits == limits
    if before and same_terms and before.name == given.name:
        return before
    version = before.version + 1 if before else 1
    await conn.execute(_PUT_ZONE, store_id, zone_id, given.name, version, now)
    if not same_terms:
        terms = [getattr(given, name) for name in _TERMS]
        await conn.execute(_PUT_TERMS, store_id, zone_id, now, *limits.model_dump().values(), *terms)
        await mark_dirty(conn, [(store_id, zone_id, now)])
    if before is None:
        await _begin(conn, principal, store_id, zone_id, now)
    after = await queries.load_zone(conn, store_id, zone_id)
    if after is None:
        raise not_found("zone", zone_id)
    await audit.record_put(conn, principal, ("climate_zone", f"{store_id}/{zone_id}"), before, after)
    return after


async def lock_zones(conn: Connection, store_id: str) -> None:
    """Let one transaction at a time change the zones, placements and bindings of a store."""
    await conn.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 7301013))", store_id)


async def mark_dirty(conn: Connection, zones: Collection[tuple[str, str, datetime]]) -> None:
    """Have zones judged again from a moment on."""
    await conn.executemany(
        "INSERT INTO climate_dirty (store_id, zone_id, dirty_from) VALUES ($1, $2, $3)", zones
    )


async def check_zone(conn: Connection, store_id: str, zone_id: str, field: str) -> None:
    """Refuse a zone that the store does not have.

    Raises:
        Problem: 422 naming `field`.
    """
    found = await conn.fetchval(
        "SELECT true FROM climate_zones WHERE store_id = $1 AND zone_id = $2", store_id, zone_id
    )
    if not found:
        raise invalid(field, f"store {store_id} has no zone {zone_id}")


def check_since(since: datetime | None, now: datetime, field: str) -> datetime:
    """Give the moment from which something holds, now or up to a week back, as finely as readings are kept.

    Raises:
        Problem: 422 naming `field`.
    """
    if since is None:
        return to_milliseconds(now)
    if not now - BACKDATED <= since <= now:
        raise invalid(field, f"may lie up to {BACKDATED.days} days back, and not ahead")
    return to_milliseconds(since)


async def put_placements(
    conn: Connection, principal: Principal, given: PlacementsInput, *, now: datetime
) -> int:
    """Say where goods lie from a moment on; gives how many sayings changed anything."""
    await lock_zones(conn, given.store_id)
    since = check_since(given.since, now, "since")
    changed = 0
    for i, each in enumerate(given.placements):
        if each.zone_id is not None:
            await check_zone(conn, given.store_id, each.zone_id, f"placements[{i}].zone_id")
        what = (each.gtin or "", each.lot or "")
        changed += await _place(conn, principal, (given.store_id, *what), each.zone_id, (since, i))
    if changed:
        await audit.record(conn, principal, "place", "climate_zone", given.store_id, after=given)
    return changed


async def _place(
    conn: Connection,
    principal: Principal,
    what: tuple[str, str, str],
    zone_id: str | None,
    moment: tuple[datetime, int],
) -> bool:
    since, i = moment
    current = await conn.fetchrow(
        """SELECT zone_id, placed_from FROM climate_placements
           WHERE store_id = $1 AND gtin = $2 AND lot = $3 ORDER BY placed_from DESC LIMIT 1""",
        *what,
    )
    ended = await conn.fetchval(
        """SELECT max(placed_until) FROM climate_placements
           WHERE store_id = $1 AND gtin = $2 AND lot = $3 AND placed_until > $4""",
        *what,
        since,
    )
    if ended is not None or (current is not None and current["placed_from"] >= since):
        raise invalid(f"placements[{i}]", "something later is known of where it lies")
    done = await conn.execute(
        """UPDATE climate_placements SET placed_until = $4
           WHERE store_id = $1 AND gtin = $2 AND lot = $3 AND placed_until IS NULL
             AND zone_id IS DISTINCT FROM $5""",
        *what,
        since,
        zone_id,
    )
    if zone_id is None:
        return done == "UPDATE 1"
    made = await conn.execute(
        """INSERT INTO climate_placements (store_id, gtin, lot, placed_from, zone_id, placed_by)
           SELECT $1, $2, $3, $4, $5, $6 WHERE NOT EXISTS (
               SELECT FROM climate_placements
               WHERE store_id = $1 AND gtin = $2 AND lot = $3 AND placed_until IS NULL)""",
        *what,
        since,
        zone_id,
        principal.subject,
    )
    return made == "INSERT 0 1"


async def _default_limits(conn: Connection, store_id: str) -> Limits:
    kind = await conn.fetchval("SELECT kind FROM stores WHERE store_id = $1", store_id)
    if kind is None:
        raise not_found("store", store_id)
    return Limits(**default_limits(kind)._asdict())


async def _begin(conn: Connection, principal: Principal, store_id: str, zone_id: str, now: datetime) -> None:
    await conn.execute("INSERT INTO climate_watch (store_id, zone_id) VALUES ($1, $2)", store_id, zone_id)
    # What was there before is taken to have lain there: the first zone is often the only one.
    await conn.execute(
        """INSERT INTO climate_placements (store_id, gtin, lot, placed_from, zone_id, placed_by)
           SELECT $1, '', '', $2, $3, $4
           WHERE NOT EXISTS (
               SELECT FROM climate_placements WHERE store_id = $1 AND gtin = '' AND lot = '')""",
        store_id,
        now - BACKDATED,
        zone_id,
        principal.subject,
    )
