"""Follows records that were deleted over there."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from humidor_common.db.pool import Connection
from humidor_customers.exchange import failures
from humidor_customers.exchange import links as linking
from humidor_customers.exchange.failures import Failure
from humidor_customers.exchange.links import Link
from humidor_customers.exchange.work import Report, Work, as_input, wrong_of
from humidor_customers.retailers import queries as retailers
from humidor_customers.retailers.schemas import RetailerInput
from humidor_customers.retailers.service import put_retailers


async def remove(
    conn: Connection, work: Work, report: Report, remote_ids: Sequence[str], *, now: datetime
) -> list[Link]:
    """Mark the links of records that are gone, so that they are not made again; close customers if so mapped.

    Gives the links that were live.
    """
    known = await linking.of_records(conn, work.connector_id, remote_ids)
    live = [each for each in known.values() if each.state == "live"]
    gone = [each._replace(state="gone", owed=False) for each in live]
    await linking.write(conn, work.connector_id, gone, now=now)
    await failures.solve(conn, work.connector_id, "in", remote_ids)
    if work.mapping.deletions == "close":
        await _close(conn, work, report, live, now=now)
    return live


async def _close(
    conn: Connection, work: Work, report: Report, links: Sequence[Link], *, now: datetime
) -> None:
    ids = [each.retailer_id for each in links]
    await retailers.lock(conn, ids, hierarchy=True)
    documents = await retailers.read(conn, ids)
    wanted = {}
    for retailer_id, document in documents.items():
        if document["state"] != "closed" and document["merged_into"] is None:
            made = as_input(document | {"state": "closed"})
            if isinstance(made, RetailerInput):
                wanted[retailer_id] = made
    remote_of = {each.retailer_id: each.remote_id for each in links}
    while wanted:
        outcomes = await put_retailers(
            conn, work.principal, wanted, now=now, reason=f"connector {work.connector_id}: deleted there"
        )
        refused = {each.retailer_id: each.problem for each in outcomes if each.problem}
        if not refused:
            return
        failed = [
            Failure("in", remote_of[key], problem.code, wrong_of(problem), remote_of[key], key)
            for key, problem in refused.items()
        ]
        await failures.write(conn, work.connector_id, report.run_id, failed, now=now)
        for key in refused:
            del wanted[key]


def planned(link: Link) -> dict[str, Any]:
    """Report what a dry run would do about a record that is gone."""
    return {
        "direction": "in",
        "outcome": "gone",
        "remote_id": link.remote_id,
        "retailer_id": link.retailer_id,
        "fields": {},
    }
