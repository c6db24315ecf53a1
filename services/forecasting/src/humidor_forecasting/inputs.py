"""Types that every slice of the service takes from callers."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request
from pydantic import AfterValidator, StringConstraints

from humidor_common.auth import Principal
from humidor_common.db.pool import Pool
from humidor_common.web.authorization import require

Reader = Annotated[Principal, Depends(require("forecasting:read"))]
Writer = Annotated[Principal, Depends(require("forecasting:write"))]


def _pool(request: Request) -> Pool:
    pool: Pool = request.app.state.runtime.pool
    return pool


Database = Annotated[Pool, Depends(_pool)]
"""The pool, for what reads and then computes for long: a connection is held only as long as it is read."""

Gtin = Annotated[
    str, StringConstraints(pattern=r"^[0-9]{8,14}$"), AfterValidator(lambda text: text.zfill(14))
]
"""8 to 14 digits; a function gets 14. Whether it is one is told by the catalogue."""

Code = Annotated[str, StringConstraints(max_length=60, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]

NEWEST = UUID(int=2**128 - 1)
"""Where a list begins that goes from the newest id to the oldest."""
