"""Takes a campaign from a draft to its end: submitted, approved by somebody else, scheduled, stopped."""

from typing import Any
from uuid import UUID

from humidor_common.db.pool import Connection
from humidor_common.web.problems import Problem, invalid
from humidor_customers.campaign_limits.service import check_budget
from humidor_customers.campaigns import queries
from humidor_customers.campaigns.planning import fix
from humidor_customers.campaigns.rules.states import LIVE, STEPS, Step
from humidor_customers.campaigns.schemas import CampaignView
from humidor_customers.campaigns.service import Act, lawful, lock, save

_UNDECIDED = dict.fromkeys(("submitted_by", "submitted_at", "approved_by", "approved_at", "approval_reason"))


async def submit(conn: Connection, act: Act, campaign_id: UUID) -> CampaignView:
    """Give a draft to somebody else to approve.

    Raises:
        Problem: 404; 409 `campaign-state`; 412; 422 `campaign-forbidden`.
    """
    before = await lock(conn, act, campaign_id, "submit")
    after = await lawful(conn, before, act)
    update = {"state": "submitted", "submitted_by": act.principal.subject, "submitted_at": act.now}
    return await save(conn, act, "submit", (before, after.model_copy(update=update)))


async def approve(conn: Connection, act: Act, campaign_id: UUID, reason: str | None) -> CampaignView:
    """Approve what somebody else has submitted.

    Raises:
        Problem: 403 `four-eyes`, `approval-limit`; 404; 409 `campaign-state`; 412; 422 `campaign-forbidden`,
            or naming `reason` where a rule asks to be looked at.
    """
    before = await lock(conn, act, campaign_id, "approve")
    if act.principal.subject in (before.submitted_by, before.created_by):
        raise Problem(403, "four-eyes", "You have made or submitted this; somebody else has to approve it.")
    await check_budget(conn, act.principal, before.budget_minor, before.currency)
    after = await lawful(conn, before, act)
    if after.findings and reason is None:
        rules = ", ".join(each.rule_id for each in after.findings)
        raise invalid("reason", f"is needed: {rules} asks a person to look at it")
    update = {"state": "approved", "approved_by": act.principal.subject, "approved_at": act.now}
    after = after.model_copy(update=update | {"approval_reason": reason})
    return await save(conn, act, "approve", (before, after), reason=reason)


async def give_back(conn: Connection, act: Act, campaign_id: UUID, reason: str) -> CampaignView:
    """Make a draft again of what was submitted or approved.

    Raises:
        Problem: 404; 409 `campaign-state`; 412.
    """
    before = await lock(conn, act, campaign_id, "return")
    after = before.model_copy(update=_UNDECIDED | {"state": "draft"})
    return await save(conn, act, "return", (before, after), reason=reason)


async def schedule(conn: Connection, act: Act, campaign_id: UUID) -> CampaignView:
    """Draw who goes without it, fix that, and tell of it.

    Raises:
        Problem: 404; 409 `campaign-state`, `approval-outdated` where a rule asks to be looked at that did not
            when it was approved; 412; 422 where its first day is over or no store is left.
    """
    before = await lock(conn, act, campaign_id, "schedule")
    after = await lawful(conn, before, act)
    if any(each not in before.findings for each in after.findings):
        raise Problem(
            409, "approval-outdated", "A rule is new since the approval; return and approve it again."
        )
    await fix(conn, after, now=act.now)
    _, last_today = (await queries.local_days(conn, [campaign_id], act.now))[campaign_id]
    if before.starts_on < last_today:
        raise invalid("starts_on", "is over in all of its stores")
    return await save(conn, act, "schedule", (before, after.model_copy(update={"state": "scheduled"})))


async def end(conn: Connection, act: Act, campaign_id: UUID, step: Step, reason: str) -> CampaignView:
    """Stop a running campaign, or cancel one that does not run yet.

    What has begun by the days of its stores is stopped, whether the worker has seen it begin or not.

    Raises:
        Problem: 404; 409 `campaign-state`; 412.
    """
    before = await lock(conn, act, campaign_id, step)
    update: dict[str, Any] = {"state": STEPS[step][1], "stop_code": "by-hand", "stop_detail": reason}
    if before.state in LIVE:
        first_today, _ = (await queries.local_days(conn, [campaign_id], act.now))[campaign_id]
        if first_today >= before.starts_on:
            update |= {"state": "stopped", "last_day": min(before.ends_on, first_today)}
        elif step == "stop":
            raise Problem(409, "campaign-state", "It has not begun yet: cancel it.")
    return await save(conn, act, step, (before, before.model_copy(update=update)), reason=reason)
