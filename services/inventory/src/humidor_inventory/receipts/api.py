"""Receipts and adjustments over HTTP."""

from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from humidor_common.clock import utc_now
from humidor_common.db.transaction import Read, Tx
from humidor_common.web.idempotency import Idempotency
from humidor_inventory.inputs import Reader, Writer
from humidor_inventory.receipts import queries
from humidor_inventory.receipts.adjustments import adjust_stock
from humidor_inventory.receipts.schemas import AdjustmentInput, AdjustmentView, ReceiptInput, ReceiptView
from humidor_inventory.receipts.service import receive_goods

router = APIRouter(prefix="/v1", tags=["receipts"])


@router.post("/receipts", status_code=201, response_model=ReceiptView)
async def post_receipt(
    conn: Tx, principal: Writer, receipt: ReceiptInput, idempotency: Idempotency
) -> Response:
    """Book goods that came in, or opening stock, of up to 5,000 lines: all or none."""
    principal.check_store(receipt.store_id)
    return await idempotency.run(conn, lambda: receive_goods(conn, principal, receipt, now=utc_now()))


@router.get("/receipts/{receipt_id}")
async def get_receipt(conn: Read, principal: Reader, receipt_id: UUID) -> ReceiptView:
    visible = None if principal.stores is None else sorted(principal.stores)
    return await queries.load_receipt(conn, receipt_id, visible)


@router.post("/adjustments", status_code=201, response_model=AdjustmentView)
async def post_adjustment(
    conn: Tx, principal: Writer, adjustment: AdjustmentInput, idempotency: Idempotency
) -> Response:
    """Correct what one lot holds, with a reason."""
    principal.check_store(adjustment.store_id)
    return await idempotency.run(conn, lambda: adjust_stock(conn, principal, adjustment, now=utc_now()))
