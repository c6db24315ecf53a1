"""Pages of suggestions, the oldest first."""

from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

from humidor_common.db.pool import Connection
from humidor_common.web.problems import not_found
from humidor_inventory.replenishment.schemas import ReplenishmentView, SuggestionState

_SUGGESTIONS = "SELECT t.*, p.sticks_per_pack FROM replenishments t JOIN products p USING (gtin)"


class Filters(NamedTuple):
    """What a page is asked for; None does not filter."""

    visible: Sequence[str] | None
    gtin: str | None
    states: Sequence[SuggestionState] | None
    after: UUID | None
    limit: int


async def list_replenishments(conn: Connection, filters: Filters) -> list[ReplenishmentView]:
    statement, arguments = page_statement(filters)
    return [_suggestion(row) for row in await conn.fetch(statement, *arguments)]


async def get_replenishment(conn: Connection, replenishment_id: UUID) -> ReplenishmentView:
    row = await conn.fetchrow(_SUGGESTIONS + " WHERE replenishment_id = $1", replenishment_id)
    if row is None:
        raise not_found("replenishment", replenishment_id)
    return _suggestion(row)


def page_statement(filters: Filters) -> tuple[str, list[Any]]:
    """Make the query of one page; only filters that are given enter it, so that each finds its index.

    States are names of ours and stand in it as they are: of a parameter the planner expects every state to
    be as frequent, and looks for the few that are open among all that ever were.
    """
    conditions = ["true"]
    arguments: list[Any] = [filters.limit]
    for condition, argument in (
        ("t.store_id = ANY(${}::text[])", filters.visible),
        ("t.gtin = ${}", filters.gtin),
        ("t.replenishment_id > ${}", filters.after),
    ):
        if argument is not None:
            arguments.append(argument)
            conditions.append(condition.format(len(arguments)))
    if filters.states is not None:
        conditions.append("t.state IN ({})".format(", ".join(f"'{state}'" for state in filters.states)))
    where = " AND ".join(conditions)
    return f"{_SUGGESTIONS} WHERE {where} ORDER BY t.replenishment_id LIMIT $1", arguments


def _suggestion(row: Any) -> ReplenishmentView:
    available = row["on_hand_sticks"] - row["reserved_sticks"] + row["on_order_sticks"]
    own = {name: row[name] for name in ReplenishmentView.model_fields if name in row}
    packs = -(-row["quantity_sticks"] // row["sticks_per_pack"])
    return ReplenishmentView(**own, available_sticks=available, quantity=packs)
