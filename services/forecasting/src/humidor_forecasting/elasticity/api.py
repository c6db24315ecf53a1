"""Price elasticities over HTTP."""

from fastapi import APIRouter

from humidor_forecasting.elasticity import service
from humidor_forecasting.elasticity.schemas import ElasticityRequest, ElasticityView
from humidor_forecasting.inputs import Reader

router = APIRouter(prefix="/v1/elasticities", tags=["elasticities"])


@router.post("")
async def post_elasticity(_: Reader, asked: ElasticityRequest) -> ElasticityView:
    """Estimate how demand follows the price, and whether to trust the estimate; nothing is kept."""
    return await service.estimate_elasticity(asked)
