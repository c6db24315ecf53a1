"""Suppliers' scores over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Query

from humidor_common.clock import utc_now
from humidor_common.db.transaction import Read
from humidor_common.web.problems import invalid
from humidor_inventory.inputs import Day, Reader, StoreId, SupplierId
from humidor_inventory.scorecards import service
from humidor_inventory.scorecards.schemas import ScorecardView

router = APIRouter(prefix="/v1/suppliers", tags=["suppliers"])


@router.get("/{supplier_id}/scorecard")
async def get_scorecard(
    conn: Read,
    principal: Reader,
    supplier_id: SupplierId,
    store_id: Annotated[StoreId | None, Query()] = None,
    from_day: Annotated[Day | None, Query(alias="from")] = None,
    until: Annotated[Day | None, Query()] = None,
) -> ScorecardView:
    """Read how a supplier did in the months of these days; without them in this month and the two before.

    A caller who is bound to stores names one of them.
    """
    if store_id is not None:
        principal.check_store(store_id)
    else:
        principal.check_every_store()
    last = (until or utc_now().date()).replace(day=1)
    two_before = (last.year * 12 + last.month - 1) - 2
    first = from_day or last.replace(year=two_before // 12, month=two_before % 12 + 1)
    first = first.replace(day=1)
    if last < first:
        raise invalid("until", "is not before from")
    return await service.score(conn, supplier_id, store_id, (first, last))
