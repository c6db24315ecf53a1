"""Rules for campaigns over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from humidor_common.clock import utc_now
from humidor_common.db.transaction import Read, Tx
from humidor_common.web.inputs import IfMatch, tag
from humidor_common.web.pagination import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, encode_cursor
from humidor_customers.campaign_rules import service
from humidor_customers.campaign_rules.here import Here
from humidor_customers.campaign_rules.rules import Jurisdiction
from humidor_customers.campaign_rules.schemas import RuleId, RuleInput, RuleVersionView, RuleView
from humidor_customers.inputs import Admin, Reader

router = APIRouter(prefix="/v1/campaign-rules", tags=["campaigns"])
_NEWEST = 2**31 - 1


@router.get("")
async def list_rules(
    conn: Read,
    principal: Reader,
    here: Here,
    jurisdiction: Annotated[Jurisdiction | None, Query()] = None,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Page[RuleView]:
    """Read what is forbidden or looked at, with its source; of the configured jurisdiction by default."""
    principal.check_every_store()
    after = decode_cursor(cursor, str)[0] if cursor else ""
    found = await service.list_rules(conn, jurisdiction or here, after=after, limit=limit + 1)
    more = len(found) > limit
    return Page(items=found[:limit], next_cursor=encode_cursor(found[limit - 1].rule_id) if more else None)


@router.get("/{rule_id}/versions")
async def list_versions(
    conn: Read, principal: Reader, rule_id: RuleId, cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT
) -> Page[RuleVersionView]:
    """Read what a rule said at which time, by which law, and who changed it; the newest first."""
    principal.check_every_store()
    before = decode_cursor(cursor, int)[0] if cursor else _NEWEST
    found = await service.list_versions(conn, rule_id, before=max(0, min(before, _NEWEST)), limit=limit + 1)
    more = len(found) > limit
    return Page(items=found[:limit], next_cursor=encode_cursor(found[limit - 1].version) if more else None)


@router.put("/{rule_id}")
async def put_rule(  # noqa: PLR0913, PLR0917 - FastAPI's parameters
    conn: Tx,
    principal: Admin,
    here: Here,
    rule_id: RuleId,
    rule: RuleInput,
    response: Response,
    if_match: IfMatch = None,
) -> RuleView:
    """Add or change a stricter rule of your own; the law's cannot be changed."""
    view = await service.put_rule(conn, principal, (rule_id, rule), here, if_match=if_match, now=utc_now())
    tag(response, view.version, created=view.version == 1)
    return view
