"""What a plan is asked to do, and a line while it is worked on."""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

import msgspec

Reason = dict[str, Any]


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """Which stores and suppliers; whether goods may move between stores, and what waiting and lack cost.

    Money in minor units a carton; None is every store or supplier.
    """

    store_ids: list[str] | None = None
    supplier_ids: list[str] | None = None
    transfers: bool = True
    waiting_minor_per_carton_day: int = 0
    shortage_minor_per_carton: int = 10_000
    solver: Literal["auto", "greedy"] = "auto"
    solver_seconds: float = 2.0


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """The row of a plan under way, locked."""

    plan_id: UUID
    day: date
    time_zone: str | None
    dry_run: bool
    scheduled: bool
    step: str
    after_key: str
    terms: Terms
    stores_done: int
    series: int
    balances: bool | None
    created_at: datetime

    @classmethod
    def of(cls, row: Any) -> "Plan":
        own = {name: row[name] for name in cls.__struct_fields__ if name != "terms"}
        return cls(**own, terms=msgspec.convert(row["terms"], Terms))


@dataclass(slots=True)
class Line:
    """One store's product in a plan, in sticks.

    `need` is what levels ask for, `allowed` what the cap lets through of it, `transfer` what comes in (or,
    below zero, goes out), `order` what is to be bought, `shortfall` what is lacking afterwards.
    """

    store_id: str
    gtin: str
    supplier_id: str | None
    state: str
    available: int
    need: int
    surplus: int
    inputs: dict[str, Any]
    transfer: int = 0
    order: int = 0
    shortfall: int = 0
    reasons: list[Reason] = field(default_factory=list)

    @property
    def above(self) -> int:
        """How far available stock, with transfers, lies above the reorder point."""
        return self.available + self.transfer - int(self.inputs["reorder_point_sticks"])

    def still_needed(self) -> int:
        """What is to be bought after transfers: whole multiples from the minimum to what is allowed."""
        allowed, multiple = int(self.inputs["allowed_sticks"]), int(self.inputs["order_multiple_sticks"])
        left = self.need - self.transfer
        if left <= 0 or allowed <= 0:
            return 0
        least = max(left, int(self.inputs["minimum_order_sticks"]))
        return min(-(-least // multiple) * multiple, allowed)

    def row(self) -> tuple[Any, ...]:
        """Columns in the order of the insert, but for the plan."""
        figures = (self.available, self.need, self.surplus, self.transfer, self.order, self.shortfall)
        return (self.store_id, self.gtin, self.supplier_id, self.state, *figures, self.inputs, self.reasons)

    def change(self) -> tuple[Any, ...]:
        """What steps change, in the order of the update."""
        figures = (self.transfer, self.order, self.shortfall)
        return (self.store_id, self.gtin, self.state, *figures, self.reasons)

    @property
    def stands(self) -> tuple[str, int]:
        """What joining may change."""
        return self.state, self.order

    @classmethod
    def of(cls, row: Any) -> "Line":
        """Read the columns of `LINES_OF_STORES`, which are in the order of the fields."""
        return cls(*row)
