"""The projections of stores, areas and products; an event older than what is known changes nothing."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from humidor_common.db.columns import columns_of
from humidor_common.db.pool import Connection
from humidor_common.events import Event
from humidor_common.events.customers import RetailerChanged
from humidor_common.events.inventory import ProductChanged, StoreChanged
from humidor_common.messaging.rebuild import Digest, Projection
from humidor_common.messaging.subscription import Received, Subscription
from humidor_forecasting.catalogue import queries
from humidor_forecasting.demand.cells import follow_products, follow_stores
from humidor_forecasting.gtins import lenient_gtin

E = TypeVar("E", StoreChanged, ProductChanged, RetailerChanged)


def _newest(batch: Sequence[Received], kind: type[E], identity: Callable[[E], str]) -> dict[str, E]:
    newest: dict[str, E] = {}
    for received in batch:
        event: Event = received.event
        if isinstance(event, kind):
            key = identity(event)
            if key not in newest or newest[key].version < event.version:
                newest[key] = event
    return newest


async def on_store_changed(conn: Connection, batch: Sequence[Received]) -> None:
    """Keep stores; where the time zone is another one, the days of the store's demand are too."""
    newest = _newest(batch, StoreChanged, lambda event: event.store_id)
    rows = [(e.store_id, e.name, e.time_zone, e.status, e.kind, e.version) for e in newest.values()]
    if rows:
        moved = [row[0] for row in await conn.fetch(queries.TAKE_STORES, *columns_of(rows)) if row[1]]
        await follow_stores(conn, moved)


async def on_product_changed(conn: Connection, batch: Sequence[Received]) -> None:
    """Keep products; where units are others, or known for the first time, demand is counted anew."""
    newest = _newest(batch, ProductChanged, lambda event: lenient_gtin(event.gtin))
    if not newest:
        return
    rows = [(gtin, *(getattr(e, name) for name in queries.PRODUCT)) for gtin, e in sorted(newest.items())]
    taken = await conn.fetch(queries.TAKE_PRODUCTS, *columns_of(rows))
    recount = {row[0] for row in taken if row[1]}
    units = [
        (lenient_gtin(each.gtin), row[0], each.unit)
        for row in taken
        for each in newest[row[0]].unit_gtins
        if lenient_gtin(each.gtin) != row[0]
    ]
    recount |= await _take_units(conn, [row[0] for row in taken], units)
    await follow_products(conn, sorted(recount))


async def _take_units(conn: Connection, gtins: Sequence[str], units: Sequence[tuple[Any, ...]]) -> set[str]:
    """Keep item numbers of packs and cartons; gives products that have lines under a number new to us."""
    await conn.execute(
        "DELETE FROM product_units WHERE gtin = ANY($1::text[]) AND NOT unit_gtin = ANY($2::text[])",
        list(gtins),
        [each[0] for each in units],
    )
    if not units:
        return set()
    await conn.execute(queries.TAKE_UNITS, *columns_of(units))
    return {row[0] for row in await conn.fetch(queries.RENAME_LINES, [each[0] for each in units])}


async def on_retailer_changed(conn: Connection, batch: Sequence[Received]) -> None:
    """Keep the trade area of each trade customer's stores."""
    newest = _newest(batch, RetailerChanged, lambda event: event.retailer_id)
    rows = [(e.retailer_id, e.trade_area, e.version) for e in newest.values()]
    if not rows:
        return
    taken = [row[0] for row in await conn.fetch(queries.TAKE_RETAILERS, *columns_of(rows))]
    areas = sorted(
        (store_id, name, event.trade_area)
        for name in taken
        if (event := newest[name]).trade_area and not event.merged_into
        for store_id in set(event.store_ids)
    )
    await conn.execute("DELETE FROM store_areas WHERE retailer_id = ANY($1::text[])", taken)
    if areas:
        await conn.execute(queries.TAKE_AREAS, *columns_of(areas))


async def on_master_data(conn: Connection, batch: Sequence[Received]) -> None:
    await on_store_changed(conn, batch)
    await on_product_changed(conn, batch)
    await on_retailer_changed(conn, batch)


async def clear(conn: Connection) -> None:
    for table in ("stores", "store_areas", "retailers", "products", "product_units"):
        await conn.execute(f"DELETE FROM {table}")  # noqa: S608 - names of ours


async def digest(conn: Connection) -> Digest:
    row = await conn.fetchrow(queries.DIGEST)
    return dict(row) if row else {}


SUBSCRIPTION = Subscription(
    "forecasting.catalogue",
    (StoreChanged.TOPIC, ProductChanged.TOPIC, RetailerChanged.TOPIC),
    on_master_data,
)
PROJECTION = Projection("catalogue", SUBSCRIPTION, clear, digest)
