"""When to alert, how much to suggest: decisions on the figures of one store and product, in sticks."""

from enum import StrEnum

import msgspec

FORMULA = "ceil(max(order_up_to - available, minimum_order) / order_multiple) * order_multiple"


class Level(msgspec.Struct, frozen=True, kw_only=True):
    """The levels that a person or a plan has set."""

    reorder_point: int
    order_up_to: int
    order_multiple: int = 1
    minimum_order: int = 0
    auto_approve: bool = False
    supply_cap: int | None = None
    """The most that one order brings, or all orders of the cap's period together."""


class Position(msgspec.Struct, frozen=True, kw_only=True):
    """Stock, and what is open about it."""

    on_hand: int
    reserved: int = 0
    on_order: int = 0
    alert_open: bool = False
    alert_ordered: bool = False
    suggestion_refused: bool = False
    capped_sticks: int = 0
    """Ordered already in the period of the supply cap."""

    @property
    def available(self) -> int:
        """On hand - reserved + on order."""
        return self.on_hand - self.reserved + self.on_order


class Alarm(StrEnum):
    """What becomes of the alert."""

    KEEP = "keep"
    RAISE = "raise"
    CLOSE = "close"


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """`suggest` is the quantity that shall be open as a suggestion; None means that none shall be.

    `shortfall` is what a supply cap keeps from being suggested.
    """

    alarm: Alarm
    suggest: int | None
    shortfall: int = 0


def quantity_to_order(level: Level, available: int) -> int:
    """Bring `available` up to the order-up-to level, at least the minimum order, in whole multiples.

    With order-up-to 2,000, available 150, minimum 0 and multiple 200 it is ceil(1850 / 200) * 200 = 2,000.
    Always positive where `available` is at or below the reorder point, unless nothing is lacking.
    """
    need = max(level.order_up_to - available, level.minimum_order)
    return -(-need // level.order_multiple) * level.order_multiple


def under_cap(level: Level, quantity: int, ordered: int = 0) -> int:
    """Take off what the supply cap does not let through: whole multiples, and nothing below the minimum.

    A cap of 500 of which 200 are ordered already leaves, in multiples of 200, 200 of any quantity above.
    """
    if level.supply_cap is None:
        return quantity
    left = max(level.supply_cap - ordered, 0) // level.order_multiple * level.order_multiple
    allowed = min(quantity, left)
    return 0 if allowed < level.minimum_order else allowed


def decide(position: Position, level: Level | None) -> Decision:
    """Decide about the alert and the suggestion of one store and product.

    At or below the reorder point an alert is raised once and a suggestion stands, at the quantity that is
    needed now. Above it a suggestion that nobody has decided on is withdrawn. The alert closes when
    available stock is above the point and nothing is awaited for it, or the goods in hand suffice: an order
    alone fills no shelf. After a refused suggestion none is made again while the same alert lasts.
    """
    if level is None:
        return Decision(alarm=Alarm.CLOSE if position.alert_open else Alarm.KEEP, suggest=None)
    if position.available > level.reorder_point:
        in_hand = position.on_hand - position.reserved > level.reorder_point
        over = position.alert_open and (in_hand or not position.alert_ordered)
        return Decision(alarm=Alarm.CLOSE if over else Alarm.KEEP, suggest=None)
    alarm = Alarm.KEEP if position.alert_open else Alarm.RAISE
    needed = quantity_to_order(level, position.available)
    quantity = under_cap(level, needed, position.capped_sticks)
    if (position.alert_open and position.suggestion_refused) or needed <= 0:
        return Decision(alarm=alarm, suggest=None)
    return Decision(alarm=alarm, suggest=quantity or None, shortfall=needed - quantity)
