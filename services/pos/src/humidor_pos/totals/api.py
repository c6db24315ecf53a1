"""Totals over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from humidor_common.auth import Principal
from humidor_common.db.transaction import Read
from humidor_common.web.authorization import require
from humidor_pos.terminals.schemas import StoreId
from humidor_pos.totals import queries
from humidor_pos.totals.schemas import StoreTotals

router = APIRouter(prefix="/v1/totals", tags=["totals"])

Reader = Annotated[Principal, Depends(require("pos:read"))]


@router.get("")
async def get_totals(conn: Read, reader: Reader, store_id: Annotated[StoreId, Query()]) -> StoreTotals:
    """Add up all that was ever recorded in one store, to compare it with what others made of it."""
    reader.check_store(store_id)
    return StoreTotals(**await queries.store_totals(conn, store_id))
