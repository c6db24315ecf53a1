"""How an answer explains itself: every figure on the way with its unit, and what was changed and why."""

from typing import Any

import msgspec


class Impossible(Exception):  # noqa: N818 - an input that cannot be
    """An input that no answer exists for; `field` names it."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message


class Step(msgspec.Struct, frozen=True):
    """One figure, its unit and where it comes from."""

    name: str
    value: float
    unit: str
    formula: str


class Adjustment(msgspec.Struct, frozen=True):
    """A figure that was rounded or capped."""

    kind: str
    before: float
    after: float
    unit: str
    reason: str


class Reached(msgspec.Struct, frozen=True, kw_only=True):
    """The service asked for and what the level gives; with a cap also what the cap takes."""

    kind: str
    asked: float | None
    reached: float
    without_cap: float | None = None
    lost_to_cap: float | None = None
    extra_stock_to_make_up: int | None = None
    note: str


class Trail:
    """Collects the explanation while an answer is made."""

    def __init__(self, unit: str) -> None:
        self.unit = unit
        self.steps: list[Step] = []
        self.adjustments: list[Adjustment] = []

    def step(self, name: str, value: float, unit: str, formula: str) -> float:
        self.steps.append(Step(name, value, unit, formula))
        return value

    def adjust(self, kind: str, before: float, after: float, reason: str) -> None:
        if abs(before - after) > 1e-9:
            self.adjustments.append(Adjustment(kind, before, after, self.unit, reason))


class LevelFigures(msgspec.Struct, frozen=True, kw_only=True):
    """What the answer sets as the level, in whole units."""

    reorder_point: int
    order_up_to: int
    order_multiple: int
    minimum_order: int


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """A policy's figures in whole units of `unit`, and how they came about."""

    policy: str
    unit: str
    reorder_point: int
    order_up_to: int
    order_quantity: int | None
    safety_stock: float
    level: LevelFigures
    formula: str
    source: str
    distribution: dict[str, Any]
    steps: list[Step]
    adjustments: list[Adjustment]
    service: Reached
