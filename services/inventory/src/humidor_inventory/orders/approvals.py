"""Who may approve orders of which value."""

from collections.abc import Sequence
from typing import Any

from humidor_common.auth import Principal
from humidor_common.db.pool import Connection
from humidor_common.web.problems import Problem
from humidor_inventory.orders.pricing import PricedOrder
from humidor_inventory.orders.rules import Limits, Verdict, judge


async def load_limits(conn: Connection) -> list[Limits]:
    """Load the limits of every currency that has any."""
    rows = await conn.fetch("SELECT currency, limits, four_eyes_minor FROM approval_limits")
    return [Limits(currency=row[0], limits=row[1], four_eyes_minor=row[2]) for row in rows]


async def verdict(conn: Connection, principal: Principal, order: Any) -> Verdict:
    """Judge an order by its `currency`, `value_minor` and `created_by`; a system's role is its kind."""
    roles = principal.roles or {principal.kind}
    value = (order["currency"], order["value_minor"])
    own = order["created_by"] == principal.subject
    return judge(await load_limits(conn), roles, value, own=own)


async def within_own_limits(conn: Connection, orders: Sequence[PricedOrder]) -> list[PricedOrder]:
    """Give those that may be placed without a person: by a system's limit, and as its own by four eyes."""
    limits = await load_limits(conn)
    return [
        order
        for order in orders
        if judge(limits, {"system"}, (order.currency, order.value_minor), own=True) == "approved"
    ]


async def require_approval(conn: Connection, principal: Principal, order: Any) -> None:
    """Refuse who may not approve it.

    Raises:
        Problem: 403 `approval-limit` or `four-eyes`.
    """
    found = await verdict(conn, principal, order)
    if found == "beyond_limit":
        raise Problem(403, "approval-limit", "The order's value is beyond what you may approve.")
    if found == "needs_another":
        raise Problem(403, "four-eyes", "An order of this value is approved by somebody else than its maker.")
