"""What callers send and see of kits."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

from humidor_inventory.inputs import Gtin, Input, LotCode, Note, Quantity, StoreId
from humidor_inventory.units.rules import Unit

_EXAMPLE: dict[str, JsonValue] = {
    "components": [
        {"gtin": "06901028000017", "quantity": 2, "unit": "pack"},
        {"gtin": "06901028000024", "quantity": 1, "unit": "pack"},
    ]
}


class Component(Input):
    """So much of one product in every kit."""

    gtin: Gtin
    quantity: Annotated[int, Field(ge=1, le=100_000)]
    unit: Unit = "pack"


class KitInput(Input):
    """What one kit is made of; one kit is one pack of the kit's own product, and holds as many sticks."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    components: Annotated[list[Component], Field(min_length=1, max_length=100)]


class KitView(BaseModel):
    """A kit as it is."""

    gtin: str
    components: list[Component]
    version: int
    changed_at: datetime


class PartInput(Input):
    """So much of one lot of a component, as it stands on the packs."""

    gtin: Gtin
    lot: LotCode
    quantity: Quantity
    unit: Unit = "pack"


class _WorkInput(Input):
    store_id: StoreId
    quantity: Annotated[int, Field(ge=1, le=1_000_000, description="Kits.")]
    parts: Annotated[list[PartInput], Field(max_length=1000, default_factory=list)]
    note: Note | None = None

    @model_validator(mode="after")
    def _check(self) -> "_WorkInput":
        if len({(part.gtin, part.lot) for part in self.parts}) != len(self.parts):
            raise ValueError("parts name a lot more than once")
        return self


class AssembleInput(_WorkInput):
    """Kits to make: of the lots that are named, and of the oldest sound ones of every other component.

    Without `lot` the kits get a lot of their own.
    """

    lot: LotCode | None = None


class DisassembleInput(_WorkInput):
    """Kits of a lot to take apart; `parts` say which lots stand on the packs where somebody has looked."""

    lot: LotCode


class PartView(BaseModel):
    """So many sticks of a lot that went into kits or came out of them."""

    gtin: str
    lot: str
    sticks: int
    production_date: date | None
    expiry_date: date | None


class AssemblyView(BaseModel):
    """Kits that were made or taken apart; a kit's lot has the earliest dates of its parts."""

    assembly_id: UUID
    kind: Literal["assemble", "disassemble"]
    store_id: str
    gtin: str
    lot: str
    kits: int
    quantity_sticks: int
    parts: list[PartView]
    note: str | None
    assembled_at: datetime
    assembled_by: str
