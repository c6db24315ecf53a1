"""Imports of customers and of strategies over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Request

from humidor_common.clock import utc_now
from humidor_common.db.transaction import transaction
from humidor_common.imports.api import UPLOAD, make_router, read_upload
from humidor_customers.allocation.service import get_strategy
from humidor_customers.imports.figures import TIER_FIGURES
from humidor_customers.imports.licences import LICENCE_CHECKS
from humidor_customers.imports.requests import CYCLE_REQUESTS
from humidor_customers.imports.retailers import RETAILERS
from humidor_customers.imports.strategy_workbook import WorkbookReport, import_workbook, read_workbook
from humidor_customers.inputs import Writer

router = make_router("customers", (RETAILERS, LICENCE_CHECKS, TIER_FIGURES, CYCLE_REQUESTS))


@router.post("/strategies/{strategy_id}", openapi_extra=UPLOAD)
async def post_strategy_workbook(
    request: Request,
    principal: Writer,
    strategy_id: UUID,
    dry_run: Annotated[bool, Query(description="Try it out: nothing is written.")] = True,
) -> WorkbookReport:
    """Read the trade's workbook (price segment × tier, product × tier, in cartons) into a draft.

    `dry_run=false` writes; a workbook with mistakes is then refused with 422 and its `report`.
    """
    principal.check_every_store()
    pool = request.app.state.runtime.pool
    async with pool.acquire() as conn:
        strategy = await get_strategy(conn, strategy_id)
    content, _name = await read_upload(request)
    read = await read_workbook(content, strategy.tiers)
    async with transaction(pool) as conn:
        return await import_workbook(conn, principal, strategy_id, read, dry_run=dry_run, now=utc_now())
