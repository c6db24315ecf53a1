"""What callers send and see of stores."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel

from humidor_inventory.inputs import Input, LicenceNumber, Name, TimeZone


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
