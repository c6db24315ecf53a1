"""The campaigns of a store, for its operators."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request

from humidor_common.auth import Principal
from humidor_common.clock import utc_now
from humidor_common.db.transaction import Read
from humidor_common.runtime import Runtime
from humidor_common.web.authorization import require
from humidor_common.web.inputs import Day
from humidor_common.web.pagination import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, encode_cursor
from humidor_pos.campaigns import queries, service
from humidor_pos.campaigns.schemas import CampaignView
from humidor_pos.products.catalogue import Catalogue
from humidor_pos.settings import PosSettings
from humidor_pos.terminals.schemas import StoreId

router = APIRouter(prefix="/v1/campaigns", tags=["campaigns"])

Reader = Annotated[Principal, Depends(require("pos:read"))]


@router.get("")
async def list_campaigns(  # noqa: PLR0913, PLR0917 - FastAPI's parameters
    request: Request,
    conn: Read,
    reader: Reader,
    store_id: Annotated[StoreId, Query()],
    since: Annotated[Day | None, Query(description="Only those that end on this day or later.")] = None,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Page[CampaignView]:
    """List what takes place in the store, the last to end first; not what it is held out of."""
    reader.check_store(store_id)
    before = decode_cursor(cursor, date, UUID) if cursor else queries.BEYOND
    runtime: Runtime = request.app.state.runtime
    catalogue = runtime.get(Catalogue)
    await catalogue.freshen()
    zone = runtime.get(PosSettings).pos_default_time_zone
    today = catalogue.shelf(store_id).local_date(utc_now(), zone)
    found = await queries.list_campaigns(conn, store_id, since or date.min, (before[0], before[1]), limit + 1)
    items = [service.view(row, today) for row in found[:limit]]
    last = items[-1] if len(found) > limit else None
    return Page(items=items, next_cursor=encode_cursor(last.ends_on, last.campaign_id) if last else None)
