"""Changes orders under the lock of their store: states, quantities, what is on order, history."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from humidor_common.db.pool import Connection
from humidor_common.events.inventory import OrderedLine, PurchaseOrderClosed
from humidor_common.web.problems import Problem, not_found
from humidor_inventory.orders import queries
from humidor_inventory.orders.rules import Action, Impossible, OrderState, advance
from humidor_inventory.stock.service import load_shelves, lock_stores, write_balances
from humidor_inventory.stock.shelf import Shelf

CLOSED = ("received", "cancelled", "rejected")
_ORDER = "SELECT * FROM purchase_orders WHERE purchase_order_id = $1"
_LINES = "SELECT * FROM purchase_order_lines WHERE purchase_order_id = $1 ORDER BY gtin"
_RELEASE = """
UPDATE alerts SET state = 'open', purchase_order_id = NULL WHERE purchase_order_id = $1 AND closed_at IS NULL
"""
_QUANTITIES = """
UPDATE purchase_order_lines l
SET ordered_sticks = (e->>1)::bigint,
    requested_sticks = CASE WHEN $3 THEN (e->>1)::bigint ELSE requested_sticks END,
    value_minor = CASE WHEN price_minor IS NULL THEN NULL ELSE
        round((e->>1)::numeric * price_minor / (CASE price_unit
            WHEN 'stick' THEN 1 WHEN 'pack' THEN p.sticks_per_pack
            WHEN 'carton' THEN p.sticks_per_pack * p.packs_per_carton
            ELSE p.sticks_per_pack * p.packs_per_carton * p.cartons_per_case END)) END
FROM jsonb_array_elements($2::jsonb) e JOIN products p ON p.gtin = e->>0
WHERE l.purchase_order_id = $1 AND l.gtin = e->>0
"""
_REVALUE = """
UPDATE purchase_orders o SET value_minor = v.value FROM (
    SELECT CASE WHEN bool_and(value_minor IS NOT NULL) THEN sum(value_minor)::bigint END AS value
    FROM purchase_order_lines WHERE purchase_order_id = $1) v
WHERE o.purchase_order_id = $1
"""


async def lock_order(conn: Connection, purchase_order_id: UUID, visible: Callable[[Any], bool]) -> Any:
    """Find an order that the caller may see, lock its store and read it as it is then.

    Raises:
        Problem: 404, also for what is nobody else's business.
    """
    row = await conn.fetchrow(_ORDER, purchase_order_id)
    if row is None or not visible(row):
        raise not_found("purchase order", purchase_order_id)
    await lock_stores(conn, [row["store_id"]])
    return await read_order(conn, purchase_order_id)


async def read_order(conn: Connection, purchase_order_id: UUID) -> Any:
    """Read the row of an order that exists."""
    return await conn.fetchrow(_ORDER, purchase_order_id)


async def read_lines(conn: Connection, purchase_order_id: UUID) -> list[Any]:
    rows: list[Any] = await conn.fetch(_LINES, purchase_order_id)
    return rows


def next_state(order: Any, action: Action) -> OrderState:
    """Give the state after the action.

    Raises:
        Problem: 409 `purchase-order-closed` or `purchase-order-state`.
    """
    try:
        return advance(order["state"], action)
    except Impossible as error:
        if order["state"] in CLOSED:
            detail = f"The order was {order['state']} already."
            raise Problem(409, "purchase-order-closed", detail) from error
        raise Problem(409, "purchase-order-state", f"{str(error).capitalize()}.") from error


async def change_order(
    conn: Connection, order: Any, action: Action, by: tuple[str, datetime], **columns: Any
) -> OrderState:
    """Take an action: the new state, further `columns`, and an entry of the history with those of note.

    `by` is who and when; `reason` and `changes` among the columns go to the history alone.
    """
    now = by[1]
    state = next_state(order, action)
    reason, changes = columns.pop("reason", None), columns.pop("changes", None)
    if state in CLOSED:
        columns |= {"closed_at": now, "closed_reason": reason}
    columns = {"state": state, "version": order["version"] + 1} | columns
    await conn.execute(
        "UPDATE purchase_orders SET {} WHERE purchase_order_id = $1".format(  # noqa: S608 - our own names
            ", ".join(f"{name} = ${n}" for n, name in enumerate(columns, 2))
        ),
        order["purchase_order_id"],
        *columns.values(),
    )
    await note(conn, order["purchase_order_id"], (action, state), by, reason=reason, changes=changes)
    return state


async def note(
    conn: Connection,
    purchase_order_id: UUID,
    what: tuple[str, str],
    by: tuple[str, datetime],
    *,
    reason: str | None = None,
    changes: Any = None,
) -> None:
    """Enter an (action, state) in the order's history."""
    await conn.execute(queries.HISTORY, [(purchase_order_id, *what, reason, changes)], *by)


async def set_quantities(
    conn: Connection, order: Any, quantities: Mapping[str, int], *, requested: bool
) -> list[Shelf]:
    """Set what the lines order, in sticks, and what is on order with them; gives the shelves it touched.

    `requested` says that it is the buyer who wants other quantities, so that the supplier's fill rate is
    measured against them.
    """
    order_id: UUID = order["purchase_order_id"]
    before = {line["gtin"]: line for line in await read_lines(conn, order_id)}
    await conn.execute(_QUANTITIES, order_id, sorted(quantities.items()), requested)
    await conn.execute(_REVALUE, order_id)
    if not order["awaited"]:
        return []
    deltas = {
        gtin: max(sticks - before[gtin]["received_sticks"], 0) - outstanding(before[gtin])
        for gtin, sticks in quantities.items()
    }
    return await shift_on_order(conn, order["store_id"], deltas)


async def give_up(conn: Connection, order: Any) -> list[Shelf]:
    """Take what has not come in off what is on order, and free the alerts that waited for it."""
    await conn.execute(_RELEASE, order["purchase_order_id"])
    if not order["awaited"]:
        return []
    lines = await read_lines(conn, order["purchase_order_id"])
    return await shift_on_order(conn, order["store_id"], {x["gtin"]: -outstanding(x) for x in lines})


async def shift_on_order(conn: Connection, store_id: str, deltas: Mapping[str, int]) -> list[Shelf]:
    """Change what is on order by sticks of each product; gives the shelves, written."""
    shelves = await load_shelves(conn, [(store_id, gtin) for gtin in deltas])
    for (_, gtin), shelf in shelves.items():
        shelf.on_order += deltas[gtin]
    await write_balances(conn, shelves.values())
    return list(shelves.values())


def outstanding(line: Any) -> int:
    """Give what a line (a row) still awaits, in sticks."""
    return max(int(line["ordered_sticks"]) - int(line["received_sticks"]), 0)


def ordered_lines(lines: Sequence[Any]) -> list[OrderedLine]:
    return [OrderedLine(gtin=x["gtin"], quantity_sticks=x["ordered_sticks"]) for x in lines]


def closed_event(order: Any, state: OrderState, lines: Sequence[Any], now: datetime) -> PurchaseOrderClosed:
    """Tell that nothing more is awaited; `lines` as they are now."""
    return PurchaseOrderClosed(
        purchase_order_id=order["purchase_order_id"],
        store_id=order["store_id"],
        supplier_id=order["supplier_id"],
        outcome=state,  # type: ignore[arg-type]  # closing ends in one of these three
        ordered_sticks=sum(line["ordered_sticks"] for line in lines),
        received_sticks=sum(line["received_sticks"] for line in lines),
        closed_at=now,
    )
