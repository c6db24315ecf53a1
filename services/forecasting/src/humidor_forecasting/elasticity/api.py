"""Price elasticities over HTTP."""

from typing import Annotated, Any, Literal, TypeAlias

from fastapi import APIRouter, Query
from starlette.responses import Response

from humidor_common.clock import utc_now
from humidor_common.web.files import TableFormat, as_file
from humidor_forecasting.elasticity import service
from humidor_forecasting.elasticity.schemas import DemandElasticityRequest, ElasticityRequest, ElasticityView
from humidor_forecasting.inputs import Database, Reader

router = APIRouter(prefix="/v1/elasticities", tags=["elasticities"])

Format: TypeAlias = TableFormat | Literal["json"]
_FILES: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {
            kind: {"schema": {"type": "string", "format": "binary"}}
            for kind in ("application/zip", "application/x-spss-sav", "text/csv", "application/octet-stream")
        }
    }
}


@router.post("", response_model=ElasticityView, responses=_FILES)
async def post_elasticity(
    _: Reader, asked: ElasticityRequest, wanted: Annotated[Format, Query(alias="format")] = "json"
) -> ElasticityView | Response:
    """Estimate how demand follows the price, and whether to trust the estimate; nothing is kept.

    `format` gives the estimate as a table: `stats` is a zip for SPSS and SAS with syntax that reads it.
    """
    found = await service.estimate_elasticity(asked)
    return found if wanted == "json" else await as_file(wanted, "elasticity", service.rows_of(found))


@router.post("/of-demand", response_model=ElasticityView, responses=_FILES)
async def post_elasticity_of_demand(
    pool: Database,
    principal: Reader,
    asked: DemandElasticityRequest,
    wanted: Annotated[Format, Query(alias="format")] = "json",
) -> ElasticityView | Response:
    """Estimate how demand that is recorded follows price, promotions and season; nothing is kept.

    Whole weeks that were not sold out, each series with a level of its own. `format` as above.
    """
    found = await service.estimate_demand(pool, principal, asked, today=utc_now().date())
    return found if wanted == "json" else await as_file(wanted, "elasticity", service.rows_of(found))
