"""Takes claims about delivered orders, and decides them."""

from collections import defaultdict
from datetime import datetime
from typing import Any
from uuid import UUID

from humidor_common import audit
from humidor_common.auth import Principal
from humidor_common.db.pool import Connection
from humidor_common.ids import uuid7
from humidor_common.web.inputs import check_match
from humidor_common.web.problems import Problem, invalid, not_found
from humidor_customers.catalogue.queries import load_products
from humidor_customers.claims.rules import claimable
from humidor_customers.claims.schemas import ClaimedLineView, ClaimInput, ClaimView, Decision, Filters
from humidor_customers.conditions import Conditions
from humidor_customers.orders.keeping import lock_order
from humidor_customers.orders.rules import value_minor
from humidor_customers.orders.schemas import OrderView

_COLUMNS = tuple(ClaimView.model_fields)
_SELECT = f"SELECT {', '.join(f'c.{name}' for name in _COLUMNS)} FROM order_claims c"  # noqa: S608 - names of ours


async def raise_claim(
    conn: Connection, principal: Principal, order_id: UUID, given: ClaimInput, *, now: datetime
) -> ClaimView:
    """Take a claim down.

    Raises:
        Problem: 404; 409 `not-delivered`; 422 where more is claimed than came, or should have come.
    """
    order, _ = await lock_order(conn, order_id, None, None)
    if order.state != "delivered":
        raise Problem(409, "not-delivered", f"The order is {order.state}.")
    view = ClaimView(
        claim_id=uuid7(),
        order_id=order_id,
        state="open",
        lines=await _lines(conn, order, given),
        evidence=given.evidence,
        credited_minor=0,
        raised_at=now,
        raised_by=principal.subject,
        decided_at=None,
        decided_by=None,
        decided_reason=None,
        version=1,
    )
    await conn.execute(
        f"""INSERT INTO order_claims ({", ".join(_COLUMNS)})
            SELECT {", ".join(_COLUMNS)} FROM jsonb_populate_record(NULL::order_claims, $1::jsonb)""",  # noqa: S608
        view.model_dump(mode="json"),
    )
    await audit.record(conn, principal, "raise", "claim", str(view.claim_id), after=view)
    return view


async def _lines(conn: Connection, order: OrderView, given: ClaimInput) -> list[ClaimedLineView]:
    products = await load_products(conn, [line.gtin for line in given.lines])
    ordered = {line.gtin: line for line in order.lines}
    claimed: dict[str, int] = defaultdict(int)
    for each in await list_claims(conn, Filters(order_id=order.order_id), None, before=None, limit=1000):
        if each.state != "rejected":
            for line in each.lines:
                claimed[line.gtin] += line.sticks
    found = []
    for i, wish in enumerate(given.lines):
        bought = ordered.get(wish.gtin)
        if bought is None:
            raise invalid(f"lines[{i}].gtin", "is not in the order")
        sticks = products[wish.gtin].sticks(wish.quantity, wish.unit)
        bound = claimable(
            bought.delivered_sticks or 0, bought.reserved_sticks or 0, claimed[wish.gtin], wish.kind
        )
        if sticks > bound:
            raise invalid(f"lines[{i}].quantity", f"{bound} sticks may be claimed, {sticks} are")
        claimed[wish.gtin] += sticks
        value = value_minor(sticks, bought.minor_per_carton, bought.sticks_per_carton)
        found.append(ClaimedLineView(gtin=wish.gtin, kind=wish.kind, sticks=sticks, value_minor=value))
    return found


async def decide_claim(
    conn: Connection,
    principal: Principal,
    decision: tuple[UUID, Decision],
    *,
    if_match: str | None,
    now: datetime,
) -> ClaimView:
    """Accept a claim, crediting what it cost or less, or reject it.

    Raises:
        Problem: 404; 409 `claim-decided`; 412; 422 where more is credited than the lines cost.
    """
    claim_id, given = decision
    await conn.execute("SELECT FROM order_claims WHERE claim_id = $1 FOR UPDATE", claim_id)
    before = await get_claim(conn, claim_id)
    check_match(if_match, before.version)
    if before.state != "open":
        raise Problem(409, "claim-decided", f"The claim is {before.state} already.")
    worth = sum(line.value_minor for line in before.lines) if given.accept else 0
    credited = worth if given.credited_minor is None else given.credited_minor
    if credited > worth:
        raise invalid("credited_minor", f"{worth} at most")
    row = await conn.fetchrow(
        """UPDATE order_claims SET state = $2, credited_minor = $3, decided_at = $4, decided_by = $5,
                                   decided_reason = $6, version = version + 1
           WHERE claim_id = $1 RETURNING *""",
        claim_id,
        "accepted" if given.accept else "rejected",
        credited,
        now,
        principal.subject,
        given.reason,
    )
    after = _view(row) if row else before
    await audit.record(
        conn,
        principal,
        "accept" if given.accept else "reject",
        "claim",
        str(claim_id),
        before={"state": before.state},
        after={"state": after.state, "credited_minor": credited},
        reason=given.reason,
    )
    return after


async def get_claim(conn: Connection, claim_id: UUID) -> ClaimView:
    row = await conn.fetchrow(f"{_SELECT} WHERE c.claim_id = $1", claim_id)
    if row is None:
        raise not_found("claim", claim_id)
    return _view(row)


async def list_claims(
    conn: Connection, filters: Filters, visible: list[str] | None, *, before: UUID | None, limit: int
) -> list[ClaimView]:
    """Read claims, the newest first; `visible` bounds them to orders to or from these stores."""
    query = Conditions()
    query.where("true")
    if before is not None:
        query.where("c.claim_id < ?", before)
    if filters.order_id:
        query.where("c.order_id = ?", filters.order_id)
    if filters.state:
        query.where("c.state = ?", filters.state)
    if filters.retailer_id:
        query.where("c.order_id IN (SELECT order_id FROM orders WHERE retailer_id = ?)", filters.retailer_id)
    if visible is not None:
        query.where(
            "c.order_id IN (SELECT order_id FROM orders o WHERE o.store_id = ANY(?) OR o.retailer_id = ANY("
            "ARRAY(SELECT retailer_id FROM retailer_stores WHERE store_id = ANY(?))))",
            visible,
            visible,
        )
    statement = f"{_SELECT} WHERE {query.sql} ORDER BY c.claim_id DESC LIMIT {limit}"
    return [_view(row) for row in await conn.fetch(statement, *query.arguments)]


def _view(row: Any) -> ClaimView:
    return ClaimView(**row)
