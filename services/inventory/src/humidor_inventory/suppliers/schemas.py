"""What callers send and see of suppliers."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from humidor_inventory.inputs import Input, Name

LeadTimeDays = Annotated[int, Field(ge=0, le=3650)]


class SupplierInput(Input):
    """A supplier as it shall be."""

    name: Name
    lead_time_days: LeadTimeDays = 7
    status: Literal["active", "inactive"] = "active"


class SupplierView(BaseModel):
    """A supplier as it is."""

    supplier_id: str
    name: str
    lead_time_days: int
    status: str
    version: int
    changed_at: datetime
