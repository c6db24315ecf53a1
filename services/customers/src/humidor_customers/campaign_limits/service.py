"""Keeps up to which budget who approves campaigns."""

from datetime import datetime
from typing import cast

from humidor_common import audit
from humidor_common.auth import ROLES, Principal
from humidor_common.db.pool import Connection
from humidor_common.web.inputs import check_match
from humidor_common.web.problems import Problem, invalid
from humidor_customers.campaign_limits import queries
from humidor_customers.campaign_limits.queries import Key
from humidor_customers.campaign_limits.rules import HolderKind, find_fault
from humidor_customers.campaign_limits.schemas import LimitInput, LimitView


async def put_limit(
    conn: Connection,
    principal: Principal,
    limit: tuple[Key, LimitInput],
    *,
    if_match: str | None,
    now: datetime,
) -> LimitView:
    """Set a limit, or change it.

    Raises:
        Problem: 412; 422 for a role that there is not.
    """
    key, given = limit
    kind, holder, currency = key
    if kind == "role" and holder not in ROLES:
        raise invalid("holder", f"is none of {', '.join(ROLES)}")
    await queries.lock_limits(conn)
    before = await queries.read(conn, key)
    check_match(if_match, before.version if before else None)
    after = LimitView(
        **given.model_dump(exclude={"reason"}),
        holder_kind=cast("HolderKind", kind),
        holder=holder,
        currency=currency,
        version=(before.version if before else 0) + 1,
        changed_by=principal.subject,
        changed_at=now,
    )
    await queries.write(conn, after)
    await audit.record_put(conn, principal, ("campaign_limit", "/".join(key)), before, after, given.reason)
    return after


async def check_budget(conn: Connection, principal: Principal, budget_minor: int, currency: str) -> None:
    """Refuse who may not approve a budget.

    Raises:
        Problem: 403 `approval-limit` that says up to which they may.
    """
    limits = await queries.limits_in(conn, currency)
    fault = find_fault(limits, principal.subject, principal.roles, budget_minor)
    if fault is None:
        return
    budget = f"a budget of {budget_minor} {currency}" if budget_minor else "a budget without a limit"
    detail = f"It has {budget} (minor units); you may approve {fault.most_minor} at most."
    raise Problem(403, "approval-limit", detail)
