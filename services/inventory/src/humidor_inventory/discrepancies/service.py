"""Lists discrepancies and settles what becomes of them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from humidor_common import audit
from humidor_common.auth import Principal
from humidor_common.db.pool import Connection
from humidor_common.web.problems import Problem, invalid, not_found
from humidor_inventory.discrepancies.schemas import DiscrepancyState, DiscrepancyView, ResolutionInput

_READ = "SELECT * FROM discrepancies WHERE discrepancy_id = $1"


class Filters(NamedTuple):
    """What a page is asked for; None does not filter."""

    visible: Sequence[str] | None
    limit: int
    purchase_order_id: UUID | None = None
    state: DiscrepancyState | None = None
    after: UUID | None = None


async def list_discrepancies(conn: Connection, filters: Filters) -> list[DiscrepancyView]:
    rows = await conn.fetch(*page_statement(filters))
    return [DiscrepancyView(**row) for row in rows]


def page_statement(filters: Filters) -> tuple[Any, ...]:
    """Make the query of one page and its arguments; the state is a name of ours, see alerts.lists."""
    conditions, arguments = ["true"], [filters.limit]
    for condition, argument in (
        ("store_id = ANY(${}::text[])", filters.visible),
        ("purchase_order_id = ${}", filters.purchase_order_id),
        ("discrepancy_id > ${}", filters.after),
    ):
        if argument is not None:
            arguments.append(argument)  # type: ignore[arg-type]
            conditions.append(condition.format(len(arguments)))
    if filters.state is not None:
        conditions.append(f"state = '{filters.state}'")
    where = " AND ".join(conditions)
    return f"SELECT * FROM discrepancies WHERE {where} ORDER BY discrepancy_id LIMIT $1", *arguments  # noqa: S608 - our own text


async def resolve(
    conn: Connection, principal: Principal, discrepancy_id: UUID, given: ResolutionInput, *, now: datetime
) -> DiscrepancyView:
    """Settle an open discrepancy; once."""
    row = await conn.fetchrow(_READ + " FOR UPDATE", discrepancy_id)
    if row is None or not principal.may_use_store(row["store_id"]):
        raise not_found("discrepancy", discrepancy_id)
    if row["state"] == "resolved":
        raise Problem(409, "discrepancy-resolved", f"It was resolved already: {row['resolution']}.")
    if given.supplier_return_id is not None:
        belongs = await conn.fetchval(
            "SELECT EXISTS (SELECT FROM supplier_returns WHERE supplier_return_id = $1 AND store_id = $2)",
            given.supplier_return_id,
            row["store_id"],
        )
        if not belongs:
            raise invalid("supplier_return_id", "this store has no such return")
    after = await conn.fetchrow(
        """UPDATE discrepancies SET state = 'resolved', resolution = $2, note = $3, claimed_minor = $4,
                                    supplier_return_id = $5, resolved_at = $6, resolved_by = $7
           WHERE discrepancy_id = $1 RETURNING *""",
        discrepancy_id,
        given.resolution,
        given.note,
        given.claimed_minor,
        given.supplier_return_id,
        now,
        principal.subject,
    )
    view = DiscrepancyView(**after)  # type: ignore[arg-type]  # it is there: the row is locked
    document = view.model_dump(mode="json")
    await audit.record(
        conn, principal, "resolve", "discrepancy", str(discrepancy_id), after=document, reason=given.note
    )
    return view
