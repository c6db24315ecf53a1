"""Types that every slice of the service takes from callers."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends
from pydantic import AfterValidator, StringConstraints

from humidor_common.auth import Principal, require

Reader = Annotated[Principal, Depends(require("customers:read"))]
Writer = Annotated[Principal, Depends(require("customers:write"))]


async def _every_store(principal: Annotated[Principal, Depends(require("customers:admin"))]) -> Principal:
    principal.check_every_store()
    return principal


Admin = Annotated[Principal, Depends(_every_store)]
"""An administrator who is not bound to some stores."""

RetailerId = Annotated[str, StringConstraints(max_length=40, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
Code = Annotated[str, StringConstraints(max_length=60, pattern=r"^[^\s\x00-\x1f\x7f-\x9f](.{0,58}\S)?$")]
"""A short code of the distributor's own, such as a sales line; without spaces around it."""

Gtin = Annotated[
    str, StringConstraints(pattern=r"^[0-9]{8,14}$"), AfterValidator(lambda text: text.zfill(14))
]
"""8 to 14 digits; a function gets 14. Whether it is one is told by the catalogue."""

NEWEST = UUID(int=2**128 - 1)
"""Where a list begins that goes from the newest id to the oldest."""
