"""Orders of trade customers: what was wanted, what was allowed, and what became of it."""

from datetime import date, datetime
from typing import ClassVar
from uuid import UUID

import msgspec

from humidor_common.events.base import Event

_TOPIC = "customers.order.v1"


class OrderedProduct(msgspec.Struct, frozen=True, kw_only=True):
    """One product of an order, in sticks.

    `requested_sticks` is what the customer wanted, `ordered_sticks` what the limits left of it, and `limits`
    names those that cut it (`product-cap`, `segment-cap`): such demand is censored.
    `multiple_sticks` is the unit that it was ordered in.
    """

    gtin: str
    requested_sticks: int
    ordered_sticks: int
    limits: list[str] = msgspec.field(default_factory=list)
    multiple_sticks: int = 1


class OrderConfirmed(Event, frozen=True, kw_only=True):
    """A trade customer's order stands and waits for the stock of the warehouse that supplies it (`store_id`).

    `attempt` rises with each confirmation of an order that was refused before. With `accept_less` the
    customer takes what there is, in whole multiples; without it, all or nothing.
    """

    TYPE: ClassVar[str] = "customers.order-confirmed.v1"
    TOPIC: ClassVar[str] = _TOPIC
    KEY: ClassVar[str] = "store_id"
    SUBJECT: ClassVar[str] = "order_id"

    order_id: UUID
    retailer_id: str
    cycle_id: UUID
    store_id: str
    attempt: int
    accept_less: bool
    lines: list[OrderedProduct]
    value_minor: int
    currency: str
    delivery_on: date
    confirmed_at: datetime


class OrderCancelled(Event, frozen=True, kw_only=True):
    """A confirmed order does not stand any more; whatever is kept back for it up to `attempt` is let go."""

    TYPE: ClassVar[str] = "customers.order-cancelled.v1"
    TOPIC: ClassVar[str] = _TOPIC
    KEY: ClassVar[str] = "store_id"
    SUBJECT: ClassVar[str] = "order_id"

    order_id: UUID
    retailer_id: str
    cycle_id: UUID
    store_id: str
    attempt: int
    code: str
    cancelled_at: datetime


class DeliveredProduct(msgspec.Struct, frozen=True, kw_only=True):
    """One product as it was handed over, in sticks."""

    gtin: str
    delivered_sticks: int


class OrderDelivered(Event, frozen=True, kw_only=True):
    """The customer has the goods: they leave the stock of `store_id`; what else was kept back is free."""

    TYPE: ClassVar[str] = "customers.order-delivered.v1"
    TOPIC: ClassVar[str] = _TOPIC
    KEY: ClassVar[str] = "store_id"
    SUBJECT: ClassVar[str] = "order_id"

    order_id: UUID
    retailer_id: str
    cycle_id: UUID
    store_id: str
    attempt: int
    lines: list[DeliveredProduct]
    delivered_at: datetime
