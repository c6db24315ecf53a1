"""Pages of alerts, the oldest first."""

from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

from humidor_common.db.pool import Connection
from humidor_common.web.problems import not_found
from humidor_inventory.alerts.rules import AlertKind, Severity
from humidor_inventory.alerts.schemas import AlertState, AlertView

_READ = "SELECT * FROM alerts WHERE alert_id = $1"
_LOCK = _READ + " FOR UPDATE"


class Filters(NamedTuple):
    """What a page is asked for; None does not filter."""

    visible: Sequence[str] | None
    limit: int
    gtin: str | None = None
    state: AlertState | None = None
    kind: AlertKind | None = None
    severity: Severity | None = None
    acknowledged: bool | None = None
    after: UUID | None = None


async def list_alerts(conn: Connection, filters: Filters) -> list[AlertView]:
    statement, arguments = page_statement(filters)
    return [_view(row) for row in await conn.fetch(statement, *arguments)]


async def get_alert(conn: Connection, alert_id: UUID, *, lock: bool = False) -> AlertView:
    """Read one, for a change with its row locked.

    Raises:
        Problem: 404.
    """
    row = await conn.fetchrow(_LOCK if lock else _READ, alert_id)
    if row is None:
        raise not_found("alert", alert_id)
    return _view(row)


def page_statement(filters: Filters) -> tuple[str, list[Any]]:
    """Make the query of one page; only filters that are given enter it, so that each finds its index.

    States, kinds and severities are names of ours and stand in it as they are: of a parameter the planner
    expects every one to be as frequent, and looks for the few that are open among all that ever were.
    """
    conditions = ["true"]
    arguments: list[Any] = [filters.limit]
    for condition, argument in (
        ("store_id = ANY(${}::text[])", filters.visible),
        ("gtin = ${}", filters.gtin),
        ("alert_id > ${}", filters.after),
    ):
        if argument is not None:
            arguments.append(argument)
            conditions.append(condition.format(len(arguments)))
    for name in ("state", "kind", "severity"):
        value = getattr(filters, name)
        if value is not None:
            conditions.append(f"{name} = '{value}'")
    if filters.acknowledged is not None:
        conditions.append(f"acknowledged_at IS {'NOT ' if filters.acknowledged else ''}NULL")
    where = " AND ".join(conditions)
    return f"SELECT * FROM alerts WHERE {where} ORDER BY alert_id LIMIT $1", arguments  # noqa: S608 - our own text


def _view(row: Any) -> AlertView:
    return AlertView(**{name: row[name] for name in AlertView.model_fields})
