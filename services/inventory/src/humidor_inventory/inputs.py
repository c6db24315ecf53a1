"""Types of what callers send, and the checks that every slice makes of them."""

from datetime import UTC, date, datetime
from typing import Annotated

from fastapi import Depends, Header, Response
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from humidor_common.auth import Principal, require
from humidor_common.web.problems import Problem, invalid
from humidor_inventory.units.rules import MAX_STICKS, Factors, Unit, normalise_gtin, to_sticks

Reader = Annotated[Principal, Depends(require("inventory:read"))]
Writer = Annotated[Principal, Depends(require("inventory:write"))]

StoreId = Annotated[str, StringConstraints(max_length=32, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
SupplierId = StoreId
Gtin = Annotated[
    str,
    StringConstraints(min_length=8, max_length=14, pattern=r"^[0-9]+$"),
    AfterValidator(normalise_gtin),
]
"""A GTIN-8, -12, -13 or -14 with a right check digit; a function gets it in 14 digits."""

_PRINTABLE = r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]*$"
Name = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=_PRINTABLE)]
Label = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=_PRINTABLE)]
Note = Annotated[str, StringConstraints(min_length=1, max_length=1000, pattern=r"^[^\x00]*$")]
LotCode = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=_PRINTABLE)]
Quantity = Annotated[int, Field(ge=1, le=1_000_000_000)]
Whole = Annotated[int, Field(ge=0, le=1_000_000_000)]
Day = Annotated[date, Field(ge=date(1990, 1, 1), le=date(2200, 1, 1))]
Moment = Annotated[
    AwareDatetime, Field(ge=datetime(1990, 1, 1, tzinfo=UTC), le=datetime(2200, 1, 1, tzinfo=UTC))
]
Minor = Annotated[int, Field(ge=0, le=10**15)]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
IfMatch = Annotated[str | None, Header(alias="If-Match", max_length=100)]


class Input(BaseModel):
    """What a caller sends; a field that nobody knows is a typing mistake, so it is refused."""

    model_config = ConfigDict(extra="forbid")


class Reason(Input):
    """Why a person decided so."""

    reason: Note


def sticks_of(quantity: int, unit: Unit, factors: Factors, field: str) -> int:
    """Convert what a caller gave.

    Raises:
        Problem: 422 naming `field` where it is more than stock can hold.
    """
    sticks = to_sticks(quantity, unit, factors)
    if abs(sticks) > MAX_STICKS:
        raise invalid(field, f"{quantity} {unit} is more than stock can hold")
    return sticks


def check_match(if_match: str | None, version: int | None) -> None:
    """Refuse a change of what has been changed since the caller read it.

    Raises:
        Problem: 412 `precondition-failed`.
    """
    if if_match is None or (if_match == "*" and version is not None):
        return
    if if_match.removeprefix("W/").strip('"') != str(version):
        raise Problem(412, "precondition-failed", "It has been changed since; read it again first.")


def tag(response: Response, version: int, *, created: bool = False) -> None:
    """Give the answer its ETag, and 201 to what is new."""
    response.headers["ETag"] = f'"{version}"'
    if created:
        response.status_code = 201


def visible_stores(principal: Principal, store_id: str | None) -> list[str] | None:
    """Name the stores whose rows the caller may see; None is every store.

    Raises:
        Problem: 403 where the caller asks for a store that is not theirs.
    """
    if store_id is not None:
        principal.check_store(store_id)
        return [store_id]
    return None if principal.stores is None else sorted(principal.stores)
