"""What-ifs over HTTP."""

from fastapi import APIRouter

from humidor_common.clock import utc_now
from humidor_forecasting.inputs import Database, Reader
from humidor_forecasting.whatifs import service
from humidor_forecasting.whatifs.schemas import WhatIfInput, WhatIfView

router = APIRouter(prefix="/v1/what-ifs", tags=["what-ifs"])


@router.post("")
async def post_what_if(pool: Database, principal: Reader, asked: WhatIfInput) -> WhatIfView:
    """Read what would be demanded under another price, a tax or a promotion, beside what is published."""
    return await service.answer(pool, principal, asked, today=utc_now().date())
