"""Checks over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Query

from humidor_common.db.transaction import Read
from humidor_inventory.checks.flows import check_flows
from humidor_inventory.checks.movements import add_up_store
from humidor_inventory.checks.schemas import FlowCheck, LedgerCheck, StoreMovements
from humidor_inventory.checks.service import check_ledger
from humidor_inventory.inputs import Reader, StoreId, visible_stores

router = APIRouter(prefix="/v1/checks", tags=["checks"])


@router.get("/ledger")
async def get_ledger_check(
    conn: Read, principal: Reader, store_id: Annotated[StoreId | None, Query()] = None
) -> LedgerCheck:
    """Prove that every balance equals the sum of its ledger entries, or list where it does not."""
    return await check_ledger(conn, visible_stores(principal, store_id))


@router.get("/flows")
async def get_flow_check(
    conn: Read, principal: Reader, store_id: Annotated[StoreId | None, Query()] = None
) -> FlowCheck:
    """Compare the daily flows, from which turnover is reported, with the ledger and the sales documents."""
    return await check_flows(conn, visible_stores(principal, store_id))


@router.get("/movements")
async def get_movements(
    conn: Read, principal: Reader, store_id: Annotated[StoreId, Query()]
) -> StoreMovements:
    """Add up what moved one store's stock, to compare it with what others say of it."""
    principal.check_store(store_id)
    return await add_up_store(conn, store_id)
