"""The view of a customer from all sides over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Path

from humidor_common.clock import utc_now
from humidor_common.db.transaction import Read
from humidor_customers.consumers import service as consumers
from humidor_customers.consumers.schemas import MemberId
from humidor_customers.inputs import Reader, RetailerId
from humidor_customers.overview.schemas import Overview
from humidor_customers.overview.service import look_at
from humidor_customers.parties import Party
from humidor_customers.retailers.seeing import seen

router = APIRouter(prefix="/v1", tags=["overview"])


@router.get("/retailers/{retailer_id}/overview")
async def get_retailer_overview(
    conn: Read, principal: Reader, retailer_id: Annotated[RetailerId, Path()]
) -> Overview:
    """Read a trade customer at one glance: record, licence, the year, the newest entries, what is open."""
    record = await seen(conn, principal, retailer_id)
    return await look_at(conn, principal, Party("retailer", retailer_id), record, now=utc_now())


@router.get("/consumers/{member_id}/overview")
async def get_consumer_overview(
    conn: Read, principal: Reader, member_id: Annotated[MemberId, Path()]
) -> Overview:
    """Read a member at one glance: consents, the year, the newest entries, what is open."""
    record = await consumers.seen(conn, principal, member_id)
    return await look_at(conn, principal, Party("consumer", member_id), record, now=utc_now())
