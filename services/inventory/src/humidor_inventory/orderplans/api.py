"""Order plans of trade customers over HTTP."""

from fastapi import APIRouter

from humidor_inventory.inputs import Reader
from humidor_inventory.orderplans import service
from humidor_inventory.orderplans.schemas import OrderPlanInput, OrderPlanView

router = APIRouter(prefix="/v1", tags=["order plans"])


@router.post("/order-plans:calculate")
async def calculate_order_plan(_: Reader, plan: OrderPlanInput) -> OrderPlanView:
    """Calculate what a customer should order from their own stock, demand, caps and budget; store nothing."""
    return await service.calculate_order_plan(plan)
