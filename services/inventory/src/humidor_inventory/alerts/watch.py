"""Judges shelves in the transaction that changed them: sold out, or below zero in the books."""

from collections.abc import Sequence
from datetime import datetime

from humidor_common.db.pool import Connection
from humidor_inventory.alerts.reporting import Finding, Key, report, settle
from humidor_inventory.alerts.rules import AlertKind
from humidor_inventory.stock.shelf import Shelf

# The date in the store, whether a level is set, and whether the product is still carried.
_WATCHED = """
SELECT coalesce((SELECT ($2::timestamptz AT TIME ZONE time_zone)::date FROM stores WHERE store_id = e->>0),
                ($2::timestamptz AT TIME ZONE 'UTC')::date),
       EXISTS (SELECT FROM levels WHERE store_id = e->>0 AND gtin = e->>1),
       EXISTS (SELECT FROM products WHERE gtin = e->>1 AND status = 'active')
FROM jsonb_array_elements($1::jsonb) WITH ORDINALITY k(e, n) ORDER BY n
"""
_BACK = "there is something for sale again"
_COVERED = "the books are not below zero any more"


async def watch_shelves(conn: Connection, shelves: Sequence[Shelf], *, now: datetime) -> None:
    """Raise and close what the shelves show; their rows are locked, and written before this.

    Sold out is a shelf of which nothing may be sold (on hand in sound lots less what is reserved), where a
    level is set or a sale has just been made; demand of the last weeks is looked for by the sweep.
    """
    suspects = [shelf for shelf in shelves if shelf.needs_watch]
    if not suspects:
        return
    rows = await conn.fetch(_WATCHED, [(shelf.store_id, shelf.gtin) for shelf in suspects], now)
    found: list[Finding] = []
    ended: dict[str, list[Key]] = {_BACK: [], _COVERED: []}
    for shelf, (day, ranged, carried) in zip(suspects, rows, strict=True):
        out = shelf.sellable(day) <= 0
        wanted = carried and (ranged or any(entry.reason == "sale" for entry in shelf.entries))
        if out and wanted and not shelf.stock_out_open:
            found.append(_sold_out(shelf, ranged=ranged))
        if not out and shelf.stock_out_open:
            ended[_BACK].append((AlertKind.STOCK_OUT, shelf.store_id, shelf.gtin))
        if shelf.shortfall and not shelf.negative_open:
            found.append(_negative(shelf))
        if not shelf.shortfall and shelf.negative_open:
            ended[_COVERED].append((AlertKind.NEGATIVE, shelf.store_id, shelf.gtin))
    await report(conn, found, now=now)
    for reason, keys in ended.items():
        await settle(conn, keys, reason=reason, now=now)


def _sold_out(shelf: Shelf, *, ranged: bool) -> Finding:
    return Finding(
        kind=AlertKind.STOCK_OUT,
        store_id=shelf.store_id,
        subject=shelf.gtin,
        gtin=shelf.gtin,
        severity="critical" if ranged else "warning",
        figures={
            "on_hand_sticks": shelf.on_hand,
            "reserved_sticks": shelf.reserved,
            "on_order_sticks": shelf.on_order,
        },
    )


def _negative(shelf: Shelf) -> Finding:
    return Finding(
        kind=AlertKind.NEGATIVE,
        store_id=shelf.store_id,
        subject=shelf.gtin,
        gtin=shelf.gtin,
        figures={"on_hand_sticks": shelf.on_hand, "shortfall_sticks": shelf.shortfall},
    )
