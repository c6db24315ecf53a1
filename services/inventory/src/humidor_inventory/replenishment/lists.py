"""Pages of suggestions and orders, the oldest first."""

from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

from humidor_common.db.pool import Connection
from humidor_common.web.problems import not_found
from humidor_inventory.orders.rules import OrderState
from humidor_inventory.replenishment.schemas import (
    OrderLineView,
    PurchaseOrderView,
    ReplenishmentView,
    SuggestionState,
)

_SUGGESTIONS = "SELECT t.*, p.sticks_per_pack FROM replenishments t JOIN products p USING (gtin)"
_ORDERS = """
SELECT t.*, l.lines FROM purchase_orders t CROSS JOIN LATERAL (
    SELECT jsonb_agg(jsonb_build_array(gtin, ordered_sticks, received_sticks) ORDER BY gtin) AS lines
    FROM purchase_order_lines WHERE purchase_order_id = t.purchase_order_id) l
"""


class Filters(NamedTuple):
    """What a page is asked for; None does not filter."""

    visible: Sequence[str] | None
    gtin: str | None
    states: Sequence[SuggestionState | OrderState] | None
    after: UUID | None
    limit: int


async def list_replenishments(conn: Connection, filters: Filters) -> list[ReplenishmentView]:
    rows = await _page(conn, _SUGGESTIONS, "replenishment_id", filters)
    return [_suggestion(row) for row in rows]


async def get_replenishment(conn: Connection, replenishment_id: UUID) -> ReplenishmentView:
    row = await conn.fetchrow(_SUGGESTIONS + " WHERE replenishment_id = $1", replenishment_id)
    if row is None:
        raise not_found("replenishment", replenishment_id)
    return _suggestion(row)


async def list_purchase_orders(conn: Connection, filters: Filters) -> list[PurchaseOrderView]:
    return [_order(row) for row in await _page(conn, _ORDERS, "purchase_order_id", filters)]


async def get_purchase_order(conn: Connection, purchase_order_id: UUID) -> PurchaseOrderView:
    row = await conn.fetchrow(_ORDERS + " WHERE purchase_order_id = $1", purchase_order_id)
    if row is None:
        raise not_found("purchase order", purchase_order_id)
    return _order(row)


async def _page(conn: Connection, select: str, key: str, filters: Filters) -> list[Any]:
    statement, arguments = page_statement(select, key, filters)
    rows: list[Any] = await conn.fetch(statement, *arguments)
    return rows


def page_statement(select: str, key: str, filters: Filters) -> tuple[str, list[Any]]:
    """Make the query of one page; only filters that are given enter it, so that each finds its index.

    States are names of ours and stand in it as they are: of a parameter the planner expects every state to
    be as frequent, and looks for the few that are open among all that ever were.
    """
    conditions: list[str] = []
    arguments: list[Any] = []
    for condition, argument in (
        ("t.store_id = ANY(${}::text[])", filters.visible),
        (
            "EXISTS (SELECT FROM purchase_order_lines l WHERE l.purchase_order_id = t.purchase_order_id"
            " AND l.gtin = ${})"
            if key == "purchase_order_id"
            else "t.gtin = ${}",
            filters.gtin,
        ),
        (f"t.{key} > ${{}}", filters.after),
    ):
        if argument is not None:
            arguments.append(argument)
            conditions.append(condition.format(len(arguments)))
    if filters.states is not None:
        conditions.append("t.state IN ({})".format(", ".join(f"'{state}'" for state in filters.states)))
    where = " WHERE " + " AND ".join(conditions) if conditions else ""
    return f"{select}{where} ORDER BY t.{key} LIMIT ${len(arguments) + 1}", [*arguments, filters.limit]


def _suggestion(row: Any) -> ReplenishmentView:
    available = row["on_hand_sticks"] - row["reserved_sticks"] + row["on_order_sticks"]
    own = {name: row[name] for name in ReplenishmentView.model_fields if name in row}
    packs = -(-row["quantity_sticks"] // row["sticks_per_pack"])
    return ReplenishmentView(**own, available_sticks=available, quantity=packs)


def _order(row: Any) -> PurchaseOrderView:
    lines = [
        OrderLineView(
            gtin=gtin, ordered_sticks=ordered, received_sticks=received, difference_sticks=received - ordered
        )
        for gtin, ordered, received in row["lines"]
    ]
    own = {name: row[name] for name in PurchaseOrderView.model_fields if name != "lines"}
    return PurchaseOrderView(**own, lines=lines)
