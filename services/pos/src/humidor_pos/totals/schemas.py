"""What a store's facts add up to."""

from typing import Literal

from pydantic import BaseModel

Kind = Literal["sale", "return", "void"]


class DocumentTotal(BaseModel):
    """How many facts of a kind there are; `digest` tells two sets of ids apart, whatever their order."""

    kind: Kind
    documents: int
    digest: str


class LineTotal(BaseModel):
    """The lines of one product; sticks are null while the product is unknown.

    A void that names its sale has no lines here: it takes back what the sale says.
    """

    kind: Kind
    gtin: str
    lines: int
    sticks: int | None
    amount_minor: int


class StoreTotals(BaseModel):
    """Everything that was ever recorded in one store, added up."""

    store_id: str
    documents: list[DocumentTotal]
    lines: list[LineTotal]
