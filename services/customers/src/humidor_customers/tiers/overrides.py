"""Lets a person set a customer's tier, with a reason that is kept, and take that back."""

from datetime import datetime

from humidor_common import audit
from humidor_common.auth import Principal
from humidor_common.db.pool import Connection
from humidor_common.messaging import outbox
from humidor_common.web.inputs import check_match
from humidor_common.web.problems import Problem, invalid, not_found
from humidor_customers.retailers.service import lock_live
from humidor_customers.tiers import queries
from humidor_customers.tiers.schemas import OverrideInput, SchemeView, TierView
from humidor_customers.tiers.scoring import tier_changed


async def override_tier(
    conn: Connection,
    principal: Principal,
    key: tuple[str, str],
    given: OverrideInput,
    *,
    if_match: str | None,
    now: datetime,
) -> TierView:
    """Set the tier of a customer (scheme code and id), also of one that was not scored yet.

    Raises:
        Problem: 404; 409 `retailer-merged` or `no-scheme-in-force`; 412; 422 for a tier of no scheme.
    """
    scheme, before = await _lock(conn, key)
    check_match(if_match, before.version if before else None)
    if given.tier > scheme.tiers:
        raise invalid("tier", f"the scheme has {scheme.tiers} tiers")
    after = TierView(
        scheme_code=key[0],
        retailer_id=key[1],
        scheme_id=scheme.scheme_id,
        scoring_id=before.scoring_id if before else None,
        tier=given.tier,
        calculated_tier=before.calculated_tier if before else None,
        override_tier=given.tier,
        override_reason=given.reason,
        override_stays=given.stays,
        overridden_by=principal.subject,
        overridden_at=now,
        since=before.since if before and before.tier == given.tier else now,
        version=before.version + 1 if before else 1,
    )
    await queries.set_override(conn, after)
    await _tell(conn, principal, ("override", given.reason), before, after)
    return after


async def take_back(
    conn: Connection, principal: Principal, key: tuple[str, str], *, reason: str, now: datetime
) -> TierView:
    """Let a customer have the tier again that its scoring gave it.

    Raises:
        Problem: 404 where nobody has set it; 409 `never-scored` where there is no other tier.
    """
    _, before = await _lock(conn, key)
    if before is None or before.override_tier is None:
        raise not_found("override", "/".join(key))
    if before.calculated_tier is None:
        raise Problem(409, "never-scored", "The customer has no tier but this one; set another.")
    emptied = dict.fromkeys(("override_tier", "override_reason", "overridden_by", "overridden_at"))
    marks = {"tier": before.calculated_tier, "override_stays": False, "version": before.version + 1}
    marks["since"] = before.since if before.tier == before.calculated_tier else now  # type: ignore[assignment]
    after = before.model_copy(update=emptied | marks)
    await queries.set_override(conn, after)
    await _tell(conn, principal, ("end_override", reason), before, after)
    return after


async def _lock(conn: Connection, key: tuple[str, str]) -> tuple[SchemeView, TierView | None]:
    code, retailer_id = key
    await queries.lock_code(conn, code)
    await lock_live(conn, retailer_id)
    scheme = await queries.in_force(conn, code)
    if scheme is None:
        raise Problem(409, "no-scheme-in-force", f"No scheme {code!r} is in force.")
    return scheme, (await queries.read_tiers(conn, code, [retailer_id])).get(retailer_id)


async def _tell(
    conn: Connection,
    principal: Principal,
    why: tuple[str, str],
    before: TierView | None,
    after: TierView,
) -> None:
    action, reason = why
    await outbox.append(conn, [tier_changed(after, before.tier if before else None)])
    await audit.record(
        conn,
        principal,
        action,
        "customer_tier",
        f"{after.scheme_code}/{after.retailer_id}",
        before=before,
        after=after,
        reason=reason,
    )
