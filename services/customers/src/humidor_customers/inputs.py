"""Types that every slice of the service takes from callers."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal, NamedTuple, TypeAlias
from uuid import UUID

from fastapi import Depends
from pydantic import AfterValidator, StringConstraints

from humidor_common.auth import Principal
from humidor_common.web.authorization import require
from humidor_common.web.pagination import decode_cursor
from humidor_common.web.problems import invalid

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

PartyKind: TypeAlias = Literal["retailer", "consumer"]


class Party(NamedTuple):
    """One customer, a trade customer or a consumer who is a member."""

    kind: PartyKind
    id: str


CLOCKS_APART = timedelta(minutes=5)
"""How far ahead of ours another's clock may be."""

NEWEST = UUID(int=2**128 - 1)
"""Where a list begins that goes from the newest id to the oldest."""

BEGIN, END = datetime(1900, 1, 1, tzinfo=UTC), datetime(2200, 1, 2, tzinfo=UTC)
"""Between these lies every moment that anybody may give."""


def decode_moment(cursor: str) -> tuple[datetime, UUID]:
    """Read a cursor of a list that goes by moment and id.

    Raises:
        Problem: 422 naming `cursor`.
    """
    moment, identity = decode_cursor(cursor, datetime, UUID)
    if moment.tzinfo is None or not BEGIN <= moment <= END:
        raise invalid("cursor", "is not one that this service gave out")
    return moment, identity
