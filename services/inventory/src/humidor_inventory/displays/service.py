"""Keeps what display cabinets hold; a refill moves no stock, because it stays in the store."""

from datetime import datetime

from humidor_common import audit
from humidor_common.auth import Principal
from humidor_common.db.pool import Connection
from humidor_common.web.problems import FieldError, Problem, invalid, not_found
from humidor_inventory.displays import queries
from humidor_inventory.displays.queries import DisplayFilter
from humidor_inventory.displays.schemas import DisplayInput, DisplayView, RefillInput
from humidor_inventory.stock.service import lock_stores
from humidor_inventory.units.queries import load_factors


async def find_display(conn: Connection, store_id: str, gtin: str) -> DisplayView | None:
    found = await queries.read_displays(conn, DisplayFilter([store_id], gtin), limit=1)
    return found[0] if found else None


async def put_display(
    conn: Connection, principal: Principal, place: tuple[str, str], given: DisplayInput, *, now: datetime
) -> DisplayView:
    """Give a product room in the cabinet, or change how much it has."""
    await lock_stores(conn, [place[0]])
    if not await conn.fetchval("SELECT EXISTS (SELECT FROM stores WHERE store_id = $1)", place[0]):
        raise invalid("store_id", "there is no such store")
    if place[1] not in await load_factors(conn, [place[1]]):
        raise invalid("gtin", "there is no such product")
    before = await find_display(conn, *place)
    sizes = (given.capacity_packs, given.refill_at_packs)
    await queries.put_display(conn, place, sizes, principal.subject, now)
    return await _note(conn, principal, "change" if before else "create", place, before)


async def refill(
    conn: Connection, principal: Principal, place: tuple[str, str], given: RefillInput, *, now: datetime
) -> DisplayView:
    """Note that the cabinet was filled, or what somebody saw in it."""
    await lock_stores(conn, [place[0]])
    before = await find_display(conn, *place)
    if before is None:
        raise not_found("display", "/".join(place))
    factors = (await load_factors(conn, [place[1]]))[place[1]]
    in_stock = (
        before.displayed_packs + before.loose_packs + before.sealed_cartons * (factors.carton // factors.pack)
    )
    most = min(before.capacity_packs, in_stock)
    packs = most if given.displayed_packs is None else given.displayed_packs
    if packs > most:
        detail = f"The cabinet has room for {before.capacity_packs} packs, and {in_stock} are in stock."
        errors = [FieldError("displayed_packs", "is too much")]
        raise Problem(409, "not-enough-stock", detail, errors=errors)
    await queries.fill_display(conn, place, packs * factors.pack, principal.subject, now)
    return await _note(conn, principal, "refill", place, before)


async def _note(
    conn: Connection, principal: Principal, action: str, place: tuple[str, str], before: DisplayView | None
) -> DisplayView:
    after = await find_display(conn, *place)
    if after is None:
        raise not_found("display", "/".join(place))
    await audit.record(
        conn,
        principal,
        action,
        "display",
        "/".join(place),
        before=before,
        after=after,
    )
    return after
