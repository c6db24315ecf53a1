"""Campaigns over HTTP."""

from collections.abc import Awaitable, Callable
from typing import Annotated
from uuid import UUID

import msgspec
from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from humidor_common.clock import utc_now
from humidor_common.db.pool import Connection
from humidor_common.db.transaction import Read, Tx
from humidor_common.web.idempotency import Idempotency, Idempotent
from humidor_common.web.inputs import IfMatch, Reason, tag
from humidor_common.web.pagination import (
    DEFAULT_LIMIT,
    Cursor,
    Limit,
    Page,
    decode_cursor,
    encode_cursor,
    page_of,
)
from humidor_customers.campaign_rules.here import Here
from humidor_customers.campaigns import deciding, effects, planning, queries, service
from humidor_customers.campaigns.effects import EffectView, VariantEffect, effect_of
from humidor_customers.campaigns.plan_schemas import PlanFigure, PlanView, StoreView
from humidor_customers.campaigns.schemas import (
    Approval,
    CampaignInput,
    CampaignRow,
    CampaignView,
    Filters,
    SpendingInput,
    SpendingView,
)
from humidor_customers.campaigns.service import Act
from humidor_customers.inputs import NEWEST, Reader, Writer

router = APIRouter(prefix="/v1/campaigns", tags=["campaigns"])


async def _act(principal: Writer, here: Here, if_match: IfMatch = None) -> Act:
    principal.check_every_store()
    return Act(principal, here, if_match, utc_now())


Acting = Annotated[Act, Depends(_act)]


@router.post("", status_code=201, response_model=CampaignView)
async def post_campaign(conn: Tx, act: Acting, campaign: CampaignInput, idempotency: Idempotency) -> Response:
    """Make a draft; what the law forbids is refused at once."""
    return await idempotency.run(conn, lambda: service.create(conn, act, campaign))


@router.get("")
async def list_campaigns(
    conn: Read,
    principal: Reader,
    filters: Annotated[Filters, Query()],
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Page[CampaignRow]:
    """Read campaigns with what they have brought, the newest first."""
    principal.check_every_store()
    before = decode_cursor(cursor, UUID)[0] if cursor else NEWEST
    found = await queries.page(conn, filters, before=before, limit=limit + 1)
    more = len(found) > limit
    return Page(
        items=found[:limit], next_cursor=encode_cursor(found[limit - 1].campaign_id) if more else None
    )


@router.get("/{campaign_id}")
async def get_campaign(conn: Read, principal: Reader, campaign_id: UUID, response: Response) -> CampaignView:
    principal.check_every_store()
    return _tagged(response, await service.get(conn, campaign_id))


@router.put("/{campaign_id}")
async def put_campaign(
    conn: Tx, act: Acting, campaign_id: UUID, campaign: CampaignInput, response: Response
) -> CampaignView:
    """Change a draft."""
    return _tagged(response, await service.change(conn, act, campaign_id, campaign))


@router.post("/{campaign_id}:submit", response_model=CampaignView)
async def post_submission(conn: Tx, act: Acting, campaign_id: UUID, idempotency: Idempotency) -> Response:
    """Give a draft to somebody else to approve."""
    return await _step(conn, idempotency, lambda: deciding.submit(conn, act, campaign_id))


@router.post("/{campaign_id}:approve", response_model=CampaignView)
async def post_approval(
    conn: Tx, act: Acting, campaign_id: UUID, approval: Approval, idempotency: Idempotency
) -> Response:
    """Approve what somebody else has submitted; with a reason where a rule asks to be looked at."""
    return await _step(conn, idempotency, lambda: deciding.approve(conn, act, campaign_id, approval.reason))


@router.post("/{campaign_id}:return", response_model=CampaignView)
async def post_return(
    conn: Tx, act: Acting, campaign_id: UUID, given: Reason, idempotency: Idempotency
) -> Response:
    """Make a draft again of what was submitted or approved."""
    return await _step(conn, idempotency, lambda: deciding.give_back(conn, act, campaign_id, given.reason))


@router.post("/{campaign_id}:schedule", response_model=CampaignView)
async def post_schedule(conn: Tx, act: Acting, campaign_id: UUID, idempotency: Idempotency) -> Response:
    """Draw who goes without it, fix that, and tell of it."""
    return await _step(conn, idempotency, lambda: deciding.schedule(conn, act, campaign_id))


@router.post("/{campaign_id}:stop", response_model=CampaignView)
async def post_stop(
    conn: Tx, act: Acting, campaign_id: UUID, given: Reason, idempotency: Idempotency
) -> Response:
    """Stop a running campaign before its last day."""
    return await _step(conn, idempotency, lambda: deciding.end(conn, act, campaign_id, "stop", given.reason))


@router.post("/{campaign_id}:cancel", response_model=CampaignView)
async def post_cancellation(
    conn: Tx, act: Acting, campaign_id: UUID, given: Reason, idempotency: Idempotency
) -> Response:
    """Give up a campaign that does not run yet."""
    return await _step(
        conn, idempotency, lambda: deciding.end(conn, act, campaign_id, "cancel", given.reason)
    )


@router.get("/{campaign_id}/plan")
async def get_plan(conn: Read, principal: Reader, campaign_id: UUID) -> PlanView:
    """Read who takes part, as it is fixed or would be drawn now, and what the comparison can show."""
    principal.check_every_store()
    return await planning.plan_of(conn, await service.get(conn, campaign_id), now=utc_now())


@router.get("/{campaign_id}/plan-figures")
async def list_plan_figures(
    conn: Read, principal: Reader, campaign_id: UUID, cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT
) -> Page[PlanFigure]:
    """Read the plan as a table, such as its strata and its balance."""
    principal.check_every_store()
    campaign = await service.get(conn, campaign_id)
    return page_of(await planning.list_figures(conn, campaign, now=utc_now()), cursor, limit)


@router.get("/{campaign_id}/stores")
async def list_stores(
    conn: Read, principal: Reader, campaign_id: UUID, cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT
) -> Page[StoreView]:
    """Read the stores with the part that each was drawn into, or would be now, and why some stay out."""
    principal.check_every_store()
    campaign = await service.get(conn, campaign_id)
    after = decode_cursor(cursor, str)[0] if cursor else ""
    found = await planning.list_stores(conn, campaign, after=after, limit=limit + 1, now=utc_now())
    more = len(found) > limit
    return Page(items=found[:limit], next_cursor=encode_cursor(found[limit - 1].store_id) if more else None)


@router.post("/{campaign_id}/spendings", status_code=201, response_model=SpendingView)
async def post_spending(
    conn: Tx, act: Acting, campaign_id: UUID, spending: SpendingInput, idempotency: Idempotency
) -> Response:
    """Book what a campaign has cost; one that has spent its budget is stopped."""
    return await idempotency.run(conn, lambda: service.spend(conn, act, campaign_id, spending))


@router.get("/{campaign_id}/spendings")
async def list_spendings(
    conn: Read, principal: Reader, campaign_id: UUID, cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT
) -> Page[SpendingView]:
    """Read bookings, the newest first."""
    principal.check_every_store()
    await service.get(conn, campaign_id)
    before = decode_cursor(cursor, UUID)[0] if cursor else NEWEST
    found = await queries.spendings_page(conn, campaign_id, before=before, limit=limit + 1)
    more = len(found) > limit
    return Page(
        items=found[:limit], next_cursor=encode_cursor(found[limit - 1].spending_id) if more else None
    )


@router.get("/{campaign_id}/effect")
async def get_effect(conn: Read, principal: Reader, campaign_id: UUID) -> EffectView:
    """Read what a campaign has brought, and what has come back of what was spent."""
    principal.check_every_store()
    return await effect_of(conn, await service.get(conn, campaign_id))


@router.get("/{campaign_id}/effect-figures")
async def list_effect_figures(
    conn: Read, principal: Reader, campaign_id: UUID, cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT
) -> Page[PlanFigure]:
    """Read what a campaign has brought as a table, such as what was pulled forward and what is against it."""
    principal.check_every_store()
    campaign = await service.get(conn, campaign_id)
    return page_of(await effects.list_figures(conn, campaign), cursor, limit)


@router.get("/{campaign_id}/variant-effects")
async def list_variant_effects(
    conn: Read, principal: Reader, campaign_id: UUID, cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT
) -> Page[VariantEffect]:
    """Read what each variant has brought, where `forecasting` has evaluated it alone."""
    principal.check_every_store()
    campaign = await service.get(conn, campaign_id)
    return page_of(await effects.effects_of_variants(conn, campaign), cursor, limit)


def _tagged(response: Response, campaign: CampaignView) -> CampaignView:
    tag(response, campaign.version)
    return campaign


class _Versioned(msgspec.Struct):
    version: int


async def _step(
    conn: Connection, idempotency: Idempotent, work: Callable[[], Awaitable[CampaignView]]
) -> Response:
    """Take a step with a campaign, once for each key."""
    answer = await idempotency.run(conn, work, status=200)
    tag(answer, msgspec.json.decode(answer.body, type=_Versioned).version)
    return answer
