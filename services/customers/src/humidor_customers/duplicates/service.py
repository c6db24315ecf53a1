"""Finds records that may be of one customer, and keeps what people say of them."""

from datetime import datetime

from humidor_common import audit
from humidor_common.auth import Principal
from humidor_common.db.pool import Connection
from humidor_common.web.problems import Problem, not_found
from humidor_customers.duplicates import queries
from humidor_customers.duplicates.rules import compare
from humidor_customers.duplicates.schemas import CandidateView

PIECE = 20


async def compare_due(conn: Connection, *, now: datetime) -> int:
    """Compare some of the customers that changed since they were compared; gives how many it took."""
    due = await queries.load_due(conn, PIECE)
    if not due:
        return 0
    others, crowded = await queries.load_alike(conn, [traits for traits, _ in due])
    pairs = {
        (pair.first_id, pair.second_id): pair
        for traits, _ in due
        for other in others
        if other.retailer_id != traits.retailer_id
        and (pair := compare(traits, other, crowded=traits.trade_area in crowded))
    }
    await queries.write_pairs(conn, due, pairs.values(), now)
    return len(due)


async def dismiss(
    conn: Connection, principal: Principal, pair: tuple[str, str], *, reason: str, now: datetime
) -> CandidateView:
    """Say that two records are of two customers; they are shown again only if they become more alike.

    Raises:
        Problem: 404; 409 `candidate-decided`.
    """
    first_id, second_id = sorted(pair)
    await conn.execute("SELECT FROM duplicate_candidates WHERE first_id = $1 AND second_id = $2 FOR UPDATE",
                       first_id, second_id)  # fmt: skip
    before = await queries.read_pair(conn, first_id, second_id)
    if before is None:
        raise not_found("candidate", f"{first_id} and {second_id}")
    if before.state != "open":
        raise Problem(409, "candidate-decided", f"It is {before.state} already.")
    await queries.decide(conn, (first_id, second_id), "dismissed", (principal.subject, reason, now))
    after = await queries.read_pair(conn, first_id, second_id)
    await audit.record(
        conn,
        principal,
        "dismiss",
        "duplicate",
        f"{first_id}/{second_id}",
        before={"state": before.state},
        after={"state": "dismissed"},
        reason=reason,
    )
    return after or before
