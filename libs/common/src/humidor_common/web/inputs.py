"""Types of what callers send that every service knows, and the checks that slices make of them."""

from datetime import UTC, date, datetime
from functools import cache
from typing import Annotated
from zoneinfo import available_timezones

from fastapi import Header, Response
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from humidor_common.auth import Principal
from humidor_common.web.problems import Problem

StoreId = Annotated[str, StringConstraints(max_length=32, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]

PRINTABLE = r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]*$"
Name = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=PRINTABLE)]
Label = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=PRINTABLE)]
Note = Annotated[str, StringConstraints(min_length=1, max_length=1000, pattern=r"^[^\x00]*$")]
Contactable = Annotated[
    str, StringConstraints(min_length=3, max_length=200, pattern=r"^[^\x00-\x1f\x7f-\x9f]+$")
]
Day = Annotated[date, Field(ge=date(1990, 1, 1), le=date(2200, 1, 1))]
Moment = Annotated[
    AwareDatetime, Field(ge=datetime(1990, 1, 1, tzinfo=UTC), le=datetime(2200, 1, 1, tzinfo=UTC))
]
Minor = Annotated[int, Field(ge=0, le=10**15)]
VariantName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,20}$")]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
LicenceNumber = Annotated[str, StringConstraints(pattern=r"^[0-9]{12}$")]
IfMatch = Annotated[str | None, Header(alias="If-Match", max_length=100)]


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _check_zone(name: str) -> str:
    if name not in _zones():
        raise ValueError("is not a time zone of the IANA database, such as Asia/Shanghai")
    return name


TimeZone = Annotated[str, StringConstraints(max_length=64), AfterValidator(_check_zone)]


class Input(BaseModel):
    """What a caller sends; a field that nobody knows is a typing mistake, so it is refused."""

    model_config = ConfigDict(extra="forbid")


class Reason(Input):
    """Why a person decided so."""

    reason: Note


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
