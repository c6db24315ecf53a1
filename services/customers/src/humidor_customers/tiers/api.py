"""Tiers over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from humidor_common.clock import utc_now
from humidor_common.db.transaction import Read, Tx
from humidor_common.web.idempotency import Idempotency
from humidor_common.web.inputs import IfMatch, Reason, tag
from humidor_common.web.pagination import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, encode_cursor
from humidor_customers.inputs import NEWEST, Reader, RetailerId, Writer
from humidor_customers.retailers.seeing import seen
from humidor_customers.tiers import overrides, queries, scoring, service
from humidor_customers.tiers.schemas import (
    NewScheme,
    OverrideInput,
    SchemeCode,
    SchemeTerms,
    SchemeView,
    ScoreView,
    ScoringInput,
    ScoringView,
    TierNumber,
    TierView,
)

router = APIRouter(prefix="/v1", tags=["tiers"])

CodePath = Annotated[SchemeCode, Path()]
RetailerPath = Annotated[RetailerId, Path()]


@router.post("/tier-schemes", status_code=201, response_model=SchemeView)
async def post_scheme(conn: Tx, principal: Writer, scheme: NewScheme, idempotency: Idempotency) -> Response:
    """Draft a tier scheme; a code that is known gets its next number."""
    principal.check_every_store()
    return await idempotency.run(conn, lambda: service.create_scheme(conn, principal, scheme, now=utc_now()))


@router.get("/tier-schemes")
async def list_schemes(
    conn: Read,
    principal: Reader,
    code: Annotated[SchemeCode | None, Query()] = None,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Page[SchemeView]:
    """Read tier schemes by code and number."""
    principal.check_every_store()
    name, number = decode_cursor(cursor, str, int) if cursor else ("", 0)
    after = (name, max(0, min(number, 2**31 - 1)))
    found = await queries.page_schemes(conn, code, after=after, limit=limit + 1)
    more = len(found) > limit
    last = found[limit - 1] if more else None
    return Page(items=found[:limit], next_cursor=encode_cursor(last.code, last.number) if last else None)


@router.get("/tier-schemes/{scheme_id}")
async def get_scheme(conn: Read, principal: Reader, scheme_id: UUID, response: Response) -> SchemeView:
    principal.check_every_store()
    found = await service.get_scheme(conn, scheme_id)
    tag(response, found.version)
    return found


@router.put("/tier-schemes/{scheme_id}")
async def put_scheme(
    conn: Tx,
    principal: Writer,
    scheme_id: UUID,
    terms: SchemeTerms,
    response: Response,
    if_match: IfMatch = None,
) -> SchemeView:
    """Change a draft; a locked scheme does not change any more."""
    principal.check_every_store()
    view = await service.change_scheme(conn, principal, (scheme_id, terms), if_match=if_match, now=utc_now())
    tag(response, view.version)
    return view


@router.post("/tier-schemes/{scheme_id}:lock")
async def post_lock(conn: Tx, principal: Writer, scheme_id: UUID) -> SchemeView:
    """Lock a draft, so that customers can be scored by it."""
    principal.check_every_store()
    return await service.lock_terms(conn, principal, scheme_id, now=utc_now())


@router.post("/tier-schemes/{scheme_id}:publish")
async def post_publication(conn: Tx, principal: Writer, scheme_id: UUID, decision: Reason) -> SchemeView:
    """Put a locked scheme in force instead of the one before it."""
    principal.check_every_store()
    return await service.publish_scheme(conn, principal, scheme_id, reason=decision.reason, now=utc_now())


@router.post("/tier-schemes/{scheme_id}/scorings", status_code=201, response_model=ScoringView)
async def post_scoring(
    conn: Tx, principal: Writer, scheme_id: UUID, period: ScoringInput, idempotency: Idempotency
) -> Response:
    """Score every active customer by the figures of a period; look at it before it is published."""
    principal.check_every_store()
    return await idempotency.run(
        conn, lambda: scoring.score_customers(conn, principal, scheme_id, period, now=utc_now())
    )


@router.get("/tier-schemes/{scheme_id}/scorings")
async def list_scorings(
    conn: Read,
    principal: Reader,
    scheme_id: UUID,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Page[ScoringView]:
    """Read the scorings by a scheme, the newest first."""
    principal.check_every_store()
    before = decode_cursor(cursor, UUID)[0] if cursor else NEWEST
    found = await queries.page_scorings(conn, scheme_id, before=before, limit=limit + 1)
    more = len(found) > limit
    return Page(items=found[:limit], next_cursor=encode_cursor(found[limit - 1].scoring_id) if more else None)


@router.get("/tier-scorings/{scoring_id}")
async def get_scoring(conn: Read, principal: Reader, scoring_id: UUID) -> ScoringView:
    principal.check_every_store()
    return await scoring.get_scoring(conn, scoring_id)


@router.get("/tier-scorings/{scoring_id}/scores")
async def list_scores(
    conn: Read,
    principal: Reader,
    scoring_id: UUID,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Page[ScoreView]:
    """Read how each customer was scored: values, ranks, score, and what held its tier down."""
    principal.check_every_store()
    found = await scoring.get_scoring(conn, scoring_id)
    scheme = await service.get_scheme(conn, found.scheme_id)
    after = decode_cursor(cursor, str)[0] if cursor else ""
    rows = await queries.page_scores(conn, scoring_id, after=after, limit=limit + 1)
    more = len(rows) > limit
    return Page(
        items=[scoring.score_view(scheme, row) for row in rows[:limit]],
        next_cursor=encode_cursor(rows[limit - 1]["retailer_id"]) if more else None,
    )


@router.post("/tier-scorings/{scoring_id}:publish")
async def post_scoring_publication(
    conn: Tx, principal: Writer, scoring_id: UUID, decision: Reason
) -> ScoringView:
    """Give customers the tiers of a scoring; tiers that a person set end, unless they are to stay."""
    principal.check_every_store()
    return await scoring.publish_scoring(conn, principal, scoring_id, reason=decision.reason, now=utc_now())


@router.get("/tiers/{code}")
async def list_tiers(
    conn: Read,
    principal: Reader,
    code: CodePath,
    tier: Annotated[TierNumber | None, Query()] = None,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Page[TierView]:
    """Read the customers' tiers by the scheme of a code."""
    principal.check_every_store()
    after = decode_cursor(cursor, str)[0] if cursor else ""
    found = await queries.page_tiers(conn, code, tier, after=after, limit=limit + 1)
    more = len(found) > limit
    return Page(
        items=found[:limit], next_cursor=encode_cursor(found[limit - 1].retailer_id) if more else None
    )


@router.put("/tiers/{code}/{retailer_id}/override")
async def put_override(
    conn: Tx,
    principal: Writer,
    code: CodePath,
    retailer_id: RetailerPath,
    override: OverrideInput,
    if_match: IfMatch = None,
) -> TierView:
    """Set a customer's tier by hand; who and why is kept."""
    principal.check_every_store()
    return await overrides.override_tier(
        conn, principal, (code, retailer_id), override, if_match=if_match, now=utc_now()
    )


@router.post("/tiers/{code}/{retailer_id}/override:end")
async def post_override_end(
    conn: Tx, principal: Writer, code: CodePath, retailer_id: RetailerPath, decision: Reason
) -> TierView:
    """Let a customer have the tier again that it was scored."""
    principal.check_every_store()
    return await overrides.take_back(
        conn, principal, (code, retailer_id), reason=decision.reason, now=utc_now()
    )


@router.get("/retailers/{retailer_id}/tiers")
async def list_own_tiers(conn: Read, principal: Reader, retailer_id: RetailerPath) -> Page[TierView]:
    """Read the tiers of one customer, by every scheme."""
    await seen(conn, principal, retailer_id)
    return Page(items=await queries.tiers_of(conn, retailer_id))
