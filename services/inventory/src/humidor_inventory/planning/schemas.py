"""What callers send and see of plans."""

from datetime import date, datetime, time
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from humidor_inventory.inputs import Gtin, Input, StoreId, SupplierId

PlanState = Literal["queued", "running", "calculated", "cancelled", "failed"]
LineState = Literal["order", "postponed", "short", "transfer", "surplus", "approved", "ordered", "dropped"]
Minor = Annotated[int, Field(ge=0, le=10**12)]
_EXAMPLE: dict[str, JsonValue] = {"day": "2026-11-26", "supplier_ids": ["CTC01"], "dry_run": True}


class TermsInput(Input):
    """Which stores and suppliers, and what decides between transfers and buying; money is minor units.

    A carton that a transfer brings a day sooner than its supplier would is worth
    `waiting_minor_per_carton_day`; one that cannot be bought because supply is limited is worth
    `shortage_minor_per_carton`. `auto` lets HiGHS solve what is small enough within `solver_seconds`.
    """

    store_ids: Annotated[list[StoreId], Field(min_length=1, max_length=10_000)] | None = None
    supplier_ids: Annotated[list[SupplierId], Field(min_length=1, max_length=1000)] | None = None
    transfers: bool = True
    waiting_minor_per_carton_day: Minor = 0
    shortage_minor_per_carton: Minor = 10_000
    solver: Literal["auto", "greedy"] = "auto"
    solver_seconds: Annotated[float, Field(gt=0, le=10, allow_inf_nan=False)] = 2.0


class PlanInput(TermsInput):
    """A plan for a day, today by default; a dry run cannot be approved."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    day: date | None = None
    dry_run: bool = False


class SummaryView(BaseModel):
    """What a plan comes to."""

    lines: int
    orders: int
    order_sticks: int
    transfer_sticks: int
    shortfall_sticks: int
    postponed_lines: int
    short_lines: int


class PlanView(BaseModel):
    """A plan and how far it has come; `summary` is there once it is calculated."""

    plan_id: UUID
    day: date
    time_zone: str | None
    scheduled: bool
    dry_run: bool
    state: PlanState
    step: str
    stores: int
    stores_done: int
    series: int
    being_placed: bool
    summary: SummaryView | None
    terms: TermsInput
    reason: str | None
    requested_by: str
    created_at: datetime
    changed_at: datetime
    finished_at: datetime | None


class LineView(BaseModel):
    """One store's product: its inputs, what is done about it, and every reason with its figures."""

    store_id: str
    gtin: str
    supplier_id: str | None
    state: LineState
    available_sticks: int
    need_sticks: int
    surplus_sticks: int
    transfer_sticks: int
    order_sticks: int
    shortfall_sticks: int
    inputs: dict[str, JsonValue]
    reasons: list[dict[str, JsonValue]]
    approved_by: str | None
    purchase_order_id: UUID | None


class PlannedTransferView(BaseModel):
    """Goods that go from one store to another instead of being bought."""

    from_store_id: str
    to_store_id: str
    gtin: str
    quantity_sticks: int
    cost_minor: int
    instead_minor: int
    state: Literal["proposed", "approved", "created", "dropped"]
    reasons: list[dict[str, JsonValue]]
    approved_by: str | None
    transfer_id: UUID | None


class LineKey(Input):
    """One line of a plan."""

    store_id: StoreId
    gtin: Gtin


class Approval(Input):
    """What of a plan is approved: all of it, or what fits every filter that is given.

    Approved transfers are planned, or leave at once with `dispatch_transfers`.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [{"supplier_ids": ["CTC01"]}]})

    store_ids: Annotated[list[StoreId], Field(min_length=1, max_length=10_000)] | None = None
    supplier_ids: Annotated[list[SupplierId], Field(min_length=1, max_length=1000)] | None = None
    lines: Annotated[list[LineKey], Field(min_length=1, max_length=5000)] | None = None
    dispatch_transfers: bool = False


class Approved(BaseModel):
    """How much was approved now; the worker places it store by store."""

    plan_id: UUID
    lines: int
    transfers: int


class ScheduleInput(Input):
    """When the daily plan of each store's own day begins, and its terms."""

    enabled: bool
    at_local_time: time = time(5)
    terms: TermsInput = TermsInput()


class ScheduleView(BaseModel):
    """The daily plan's schedule."""

    enabled: bool
    at_local_time: time
    terms: TermsInput
    version: int
    changed_at: datetime
    changed_by: str
