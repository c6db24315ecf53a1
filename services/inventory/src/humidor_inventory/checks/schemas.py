"""What a check finds."""

from datetime import date

from pydantic import BaseModel


class Difference(BaseModel):
    """One figure that is not what it is made of; all in sticks."""

    store_id: str
    gtin: str
    lot: str | None
    figure: str
    expected_sticks: int
    actual_sticks: int


class LedgerCheck(BaseModel):
    """Whether the balances equal the sums of the ledger and of what is on order."""

    equal: bool
    entries: int
    lots: int
    balances: int
    differences: list[Difference]


class FlowDifference(BaseModel):
    """A figure of one day that is not what the books say; sticks, or minor units of money by its name."""

    store_id: str
    gtin: str
    day: date
    figure: str
    expected: int
    actual: int


class FlowCheck(BaseModel):
    """Whether the daily flows equal the ledger and the sales documents."""

    equal: bool
    flows: int
    differences: list[FlowDifference]


class Movement(BaseModel):
    """The ledger's entries of one product, bucket and reason, added up; by lot where a person named it."""

    gtin: str
    bucket: str
    reason: str
    lot: str | None
    entries: int
    delta_sticks: int


class AppliedDocuments(BaseModel):
    """How many documents of a kind were applied; `digest` tells two sets of ids apart."""

    kind: str
    documents: int
    digest: str


class Stated(BaseModel):
    """What the lines of all applied documents of a kind say of one product."""

    kind: str
    gtin: str
    sticks: int


class StoreMovements(BaseModel):
    """Everything that ever moved one store's stock; `unequal_documents` is zero unless something is wrong."""

    store_id: str
    movements: list[Movement]
    documents: list[AppliedDocuments]
    stated: list[Stated]
    unequal_documents: int
