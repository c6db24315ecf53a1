"""What callers send and see of stores."""

from datetime import datetime
from functools import cache
from typing import Annotated, Literal
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, StringConstraints

from humidor_inventory.inputs import Input, Name


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _check_zone(name: str) -> str:
    if name not in _zones():
        raise ValueError("is not a time zone of the IANA database, such as Asia/Shanghai")
    return name


TimeZone = Annotated[str, StringConstraints(max_length=64), AfterValidator(_check_zone)]
LicenceNumber = Annotated[str, StringConstraints(pattern=r"^[0-9]{12}$")]


class StoreInput(Input):
    """A store or warehouse as it shall be; the licence number has 12 digits."""

    name: Name
    time_zone: TimeZone = "Asia/Shanghai"
    licence_number: LicenceNumber | None = None
    status: Literal["open", "closed"] = "open"
    kind: Literal["store", "warehouse"] = "store"


class StoreView(BaseModel):
    """A store as it is."""

    store_id: str
    name: str
    time_zone: str
    licence_number: str | None
    status: str
    kind: str
    version: int
    changed_at: datetime
