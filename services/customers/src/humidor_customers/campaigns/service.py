"""Keeps campaigns: makes and changes drafts, holds them against the law, and books what they cost."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from humidor_common import audit
from humidor_common.auth import Principal
from humidor_common.db.pool import Connection
from humidor_common.ids import uuid7
from humidor_common.web.inputs import check_match
from humidor_common.web.problems import FieldError, Problem, invalid, not_found
from humidor_customers.campaign_rules import service as law
from humidor_customers.campaign_rules.rules import Facts, Jurisdiction, Rule, keeps_set_price
from humidor_customers.campaign_rules.schemas import Finding
from humidor_customers.campaigns import queries
from humidor_customers.campaigns.gathering import check_named
from humidor_customers.campaigns.rules.states import TOLD, Step, allowed
from humidor_customers.campaigns.schemas import CampaignInput, CampaignView, SpendingInput, SpendingView
from humidor_customers.campaigns.telling import tell
from humidor_customers.stores.queries import unknown_stores

_CEILINGS = ("most_complaints", "most_complaints_per_thousand")
_NONE_YET = dict.fromkeys(
    (
        "submitted_by",
        "submitted_at",
        "approved_by",
        "approved_at",
        "approval_reason",
        "last_day",
        "stop_code",
        "stop_detail",
    )
)


class Act(NamedTuple):
    """What a person does with a campaign: who, where, on which version, when."""

    principal: Principal
    here: Jurisdiction
    if_match: str | None
    now: datetime


async def create(conn: Connection, act: Act, given: CampaignInput) -> CampaignView:
    """Make a draft.

    Raises:
        Problem: 404 for its segment; 422 for what it names or the law forbids (`campaign-forbidden`).
    """
    _refuse_ceilings(given)
    campaign = CampaignView(
        **given.model_dump(exclude={"owner"}),
        **_NONE_YET,
        owner=given.owner or act.principal.subject,
        campaign_id=uuid7(),
        state="draft",
        jurisdiction=act.here,
        keeps_set_price=False,
        findings=[],
        spent_minor=0,
        version=1,
        created_by=act.principal.subject,
        created_at=act.now,
        changed_at=act.now,
    )
    campaign = await _checked(conn, campaign, act)
    await queries.write(conn, [campaign], act.now)
    await note(conn, act.principal, "create", (None, campaign))
    return campaign


async def change(conn: Connection, act: Act, campaign_id: UUID, given: CampaignInput) -> CampaignView:
    """Change a draft.

    Raises:
        Problem: 404; 409 `campaign-state`; 412; 422 as for a new one.
    """
    _refuse_ceilings(given)
    before = await lock(conn, act, campaign_id, "change")
    taken = given.model_dump() | {"owner": given.owner or before.owner}
    after = CampaignView.model_validate(before.model_dump() | taken)
    return await save(conn, act, "change", (before, await _checked(conn, after, act)))


def _refuse_ceilings(given: CampaignInput) -> None:
    """Refuse to stop at complaints of which nobody tells: the campaign would never stop by them.

    Raises:
        Problem: 422 `complaints-not-told`.
    """
    why = "nobody tells this service of complaints yet, so the campaign would never stop by them"
    errors = [FieldError(name, why) for name in _CEILINGS if getattr(given, name) is not None]
    if errors:
        raise Problem(422, "complaints-not-told", f"{errors[0].field}: {why}", errors=errors)


async def _checked(conn: Connection, campaign: CampaignView, act: Act) -> CampaignView:
    """Check what a draft names and hold it against the law."""
    if unknown := await unknown_stores(conn, campaign.store_ids or []):
        raise invalid("store_ids", f"nobody has told of {', '.join(sorted(unknown)[:5])}")
    if unknown := await queries.unknown_products(conn, campaign.gtins or []):
        raise invalid("gtins", f"nobody has told of {', '.join(sorted(unknown)[:5])}")
    await check_named(conn, campaign)
    return await lawful(conn, campaign, act)


async def lawful(conn: Connection, campaign: CampaignView, act: Act) -> CampaignView:
    """Hold a campaign against every rule that will be in force before it ends.

    Raises:
        Problem: 422 `campaign-forbidden`, which nobody overrides.
    """
    rules = await law.rules_of(conn)
    campaign = campaign.model_copy(update={"jurisdiction": act.here})
    first, last = max(campaign.starts_on, act.now.date()), max(campaign.ends_on, act.now.date())
    below = bool(await queries.below_set_price(conn, [campaign]))
    found = find(rules, campaign, (first, last), below=below)
    law.refuse(found)
    keeps = keeps_set_price(rules, act.here, first, last)
    return campaign.model_copy(update={"findings": found, "keeps_set_price": keeps})


def find(rules: list[Rule], campaign: CampaignView, days: tuple[date, date], *, below: bool) -> list[Finding]:
    """Hold a campaign against the rules of some days; `below` is whether its price is below the set one."""
    facts = Facts(
        campaign.kind,
        campaign.audience,
        campaign.channel,
        frozenset(campaign.mechanics),
        campaign.adult_check,
        campaign.discount_percent,
        campaign.price_per_pack,
        below,
    )
    return law.find(rules, facts, campaign.jurisdiction, days[1], days[0])


async def get(conn: Connection, campaign_id: UUID) -> CampaignView:
    found = await queries.read(conn, campaign_id)
    if found is None:
        raise not_found("campaign", campaign_id)
    return found


async def lock(conn: Connection, act: Act, campaign_id: UUID, step: Step) -> CampaignView:
    """Lock a campaign on which a step is to be taken.

    Raises:
        Problem: 404; 409 `campaign-state`; 412.
    """
    found = await queries.read(conn, campaign_id, lock=True)
    if found is None:
        raise not_found("campaign", campaign_id)
    check_match(act.if_match, found.version)
    if not allowed(step, found.state):
        raise Problem(409, "campaign-state", f"The campaign is {found.state}.")
    return found


async def save(
    conn: Connection,
    act: Act,
    action: str,
    change: tuple[CampaignView, CampaignView],
    *,
    reason: str | None = None,
) -> CampaignView:
    """Write a campaign's next version, with its entry in the trail, and tell of it where others know it."""
    before, changed = change
    after = changed.model_copy(update={"version": before.version + 1, "changed_at": act.now})
    await queries.write(conn, [after], act.now)
    await note(conn, act.principal, action, (before, after), reason)
    if after.state in TOLD and await queries.read_plan(conn, after.campaign_id) is not None:
        await tell(conn, [after])
    return after


async def spend(conn: Connection, act: Act, campaign_id: UUID, given: SpendingInput) -> SpendingView:
    """Book what a campaign has cost; the worker stops one that has spent its budget.

    Raises:
        Problem: 404; 409 `campaign-state`; 412; 422 where more than there is would be taken back.
    """
    before = await lock(conn, act, campaign_id, "spend")
    spent = before.spent_minor + given.amount_minor
    if given.amount_minor == 0 or not 0 <= spent <= 10**15:
        raise invalid("amount_minor", f"is not 0, and takes back {before.spent_minor} at most")
    booked = SpendingView(
        **given.model_dump(),
        spending_id=uuid7(),
        campaign_id=campaign_id,
        booked_by=act.principal.subject,
        booked_at=act.now,
    )
    await queries.add_spending(conn, booked)
    await save(conn, act, "spend", (before, before.model_copy(update={"spent_minor": spent})))
    return booked


async def note(
    conn: Connection,
    principal: Principal,
    action: str,
    change: tuple[CampaignView | None, CampaignView],
    reason: str | None = None,
) -> None:
    before, after = change
    await audit.record(
        conn,
        principal,
        action,
        "campaign",
        str(after.campaign_id),
        before=before and trail(before),
        after=trail(after),
        reason=reason,
    )


def trail(campaign: CampaignView) -> Mapping[str, Any]:
    """Give what the trail keeps: all but the long list of stores."""
    return campaign.model_dump(mode="json", exclude={"store_ids"})
