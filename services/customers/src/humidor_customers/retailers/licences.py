"""Records what authorities say of licences, and lets it hold."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from humidor_common.auth import Principal
from humidor_common.db.pool import Connection
from humidor_common.ids import uuid7
from humidor_common.web.problems import invalid
from humidor_customers.inputs import CLOCKS_APART
from humidor_customers.retailers import queries
from humidor_customers.retailers.queries import Document
from humidor_customers.retailers.schemas import CheckInput, CheckView
from humidor_customers.retailers.service import lock_live, save

_COLUMNS = tuple(CheckView.model_fields)
_WRITE = f"""
INSERT INTO licence_checks ({", ".join(_COLUMNS)})
SELECT {", ".join(_COLUMNS)} FROM jsonb_populate_recordset(NULL::licence_checks, $1::jsonb)
"""  # noqa: S608 - names of ours


class Said(NamedTuple):
    """A customer, and what was said of its licence."""

    document: Document
    check: CheckInput


async def record_check(
    conn: Connection, principal: Principal, retailer_id: str, check: CheckInput, *, now: datetime
) -> CheckView:
    """Record a check; where the status differs the customer changes and is told.

    Raises:
        Problem: 404, 409 `retailer-merged`, 422 where the customer has no or another licence, or the check is
            of the future.
    """
    document = await lock_live(conn, retailer_id)
    number = document["licence_number"]
    if number is None:
        raise invalid("licence_number", "the customer has no licence")
    if check.licence_number not in (None, number):
        raise invalid("licence_number", f"the customer's licence is {number}")
    if check.checked_at and check.checked_at > now + CLOCKS_APART:
        raise invalid("checked_at", "is in the future")
    (view,) = await record_checks(conn, principal, [Said(document, check)], now=now)
    return view


async def record_checks(
    conn: Connection, principal: Principal, said: Sequence[Said], *, now: datetime
) -> list[CheckView]:
    """Record checks of the licences of locked customers; one older than the last changes nothing else."""
    if not said:
        return []
    views = [
        CheckView(
            check_id=uuid7(),
            retailer_id=document["retailer_id"],
            licence_number=document["licence_number"],
            status=check.status,
            source=check.source,
            reason=check.reason,
            checked_at=check.checked_at or now,
            checked_by=principal.subject,
            recorded_at=now,
        )
        for document, check in said
    ]
    last = await _last_checked(conn, [view.retailer_id for view in views])
    await conn.execute(_WRITE, [view.model_dump(mode="json") for view in views])
    changed: dict[str, list[Document]] = defaultdict(list)
    for (document, _), view in zip(said, views, strict=True):
        before = last.get((view.retailer_id, view.licence_number))
        if (before is None or view.checked_at >= before) and document["licence_status"] != view.status:
            why = f"{view.source}: {view.reason}" if view.reason else view.source
            after = {"licence_status": view.status, "version": document["version"] + 1, "changed_at": now}
            changed[why].append(document | after)
    documents = {document["retailer_id"]: document for document, _ in said}
    for why, written in changed.items():
        await save(conn, principal, written, documents, action="check_licence", reason=why)
    return views


async def _last_checked(conn: Connection, retailer_ids: Sequence[str]) -> dict[tuple[str, str], datetime]:
    rows = await conn.fetch(
        """SELECT retailer_id, licence_number, max(checked_at) FROM licence_checks
           WHERE retailer_id = ANY($1::text[]) GROUP BY 1, 2""",
        list(retailer_ids),
    )
    return {(row[0], row[1]): row[2] for row in rows}


async def list_checks(conn: Connection, retailer_id: str, *, before: UUID, limit: int) -> list[CheckView]:
    """Read the checks of a customer, the newest first."""
    rows = await conn.fetch(
        """SELECT * FROM licence_checks WHERE retailer_id = $1 AND check_id < $2
           ORDER BY check_id DESC LIMIT $3""",
        retailer_id,
        before,
        limit,
    )
    return [CheckView(**row) for row in rows]


async def find_by_licence(conn: Connection, numbers: Sequence[str]) -> dict[str, Document]:
    """Give the live customers that hold these licences."""
    holders = await queries.licence_holders(conn, numbers)
    found = await queries.read(conn, list(holders.values()))
    return {number: found[retailer_id] for number, retailer_id in holders.items()}
