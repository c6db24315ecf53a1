"""Types of what callers send, and the checks that every slice makes of them."""

from typing import Annotated

from fastapi import Depends
from pydantic import AfterValidator, Field, StringConstraints

from humidor_common.auth import Principal
from humidor_common.web.authorization import require
from humidor_common.web.inputs import (
    PRINTABLE,
    Contactable,
    Currency,
    Day,
    IfMatch,
    Input,
    Label,
    LicenceNumber,
    Minor,
    Moment,
    Name,
    Note,
    Reason,
    StoreId,
    TimeZone,
    check_match,
    tag,
    visible_stores,
)
from humidor_common.web.problems import invalid
from humidor_inventory.units.rules import MAX_STICKS, Factors, Unit, normalise_gtin, to_sticks

__all__ = [
    "Contactable",
    "Currency",
    "Day",
    "Gtin",
    "IfMatch",
    "Input",
    "Label",
    "LicenceNumber",
    "LotCode",
    "Minor",
    "Moment",
    "Name",
    "Note",
    "Quantity",
    "Reader",
    "Reason",
    "StoreId",
    "SupplierId",
    "TimeZone",
    "Whole",
    "Writer",
    "check_match",
    "sticks_of",
    "tag",
    "visible_stores",
]

Reader = Annotated[Principal, Depends(require("inventory:read"))]
Writer = Annotated[Principal, Depends(require("inventory:write"))]

SupplierId = StoreId
Gtin = Annotated[
    str,
    StringConstraints(min_length=8, max_length=14, pattern=r"^[0-9]+$"),
    AfterValidator(normalise_gtin),
]
"""A GTIN-8, -12, -13 or -14 with a right check digit; a function gets it in 14 digits."""

LotCode = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=PRINTABLE)]
Quantity = Annotated[int, Field(ge=1, le=1_000_000_000)]
Whole = Annotated[int, Field(ge=0, le=1_000_000_000)]


def sticks_of(quantity: int, unit: Unit, factors: Factors, field: str) -> int:
    """Convert what a caller gave.

    Raises:
        Problem: 422 naming `field` where it is more than stock can hold.
    """
    sticks = to_sticks(quantity, unit, factors)
    if abs(sticks) > MAX_STICKS:
        raise invalid(field, f"{quantity} {unit} is more than stock can hold")
    return sticks
