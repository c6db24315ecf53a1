"""Finds out of an order to be: its supplier, prices, value and the day on which it shall be there."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from math import ceil
from typing import Any, Literal
from uuid import UUID

import msgspec

from humidor_common.db.pool import Connection
from humidor_common.ids import uuid7
from humidor_inventory.orders import queries
from humidor_inventory.orders.rules import line_value
from humidor_inventory.units.rules import Factors


class OrderLineDraft(msgspec.Struct, frozen=True, kw_only=True):
    """So much of one product, and the open suggestion that it answers."""

    gtin: str
    quantity_sticks: int
    replenishment_id: UUID | None = None


class OrderDraft(msgspec.Struct, frozen=True, kw_only=True):
    """An order for one store; a product stands in it once.

    Without a supplier it goes to the one that all its products come from, if there is one. Without a day it
    is expected after the longest lead time of its products.
    """

    store_id: str
    supplier_id: str | None
    lines: Sequence[OrderLineDraft]
    expected_on: date | None = None
    plan_id: UUID | None = None
    note: str | None = None
    manual: bool = False


class PricedLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line with its price a `price_unit`, in minor units of the order's currency; None is unknown."""

    gtin: str
    quantity_sticks: int
    price_minor: int | None
    price_unit: str | None
    price_source: str | None
    value_minor: int | None


class PricedOrder(msgspec.Struct, frozen=True, kw_only=True):
    """A draft as it is written; its value is None where a price is unknown or currencies are mixed."""

    purchase_order_id: UUID
    draft: OrderDraft
    supplier_id: str | None
    expected_on: date | None
    currency: str | None
    value_minor: int | None
    lines: list[PricedLine]

    @property
    def origin(self) -> Literal["manual", "plan", "suggestion"]:
        if self.draft.manual:
            return "manual"
        return "plan" if self.draft.plan_id else "suggestion"


async def price_orders(conn: Connection, drafts: Sequence[OrderDraft], *, now: datetime) -> list[PricedOrder]:
    """Find suppliers, prices and expected days; the products are registered."""
    asked = [
        (draft.store_id, draft.supplier_id, line.gtin, line.quantity_sticks)
        for draft in drafts
        for line in draft.lines
    ]
    rows = iter(await conn.fetch(queries.DEFAULTS, asked, now))
    return [_priced(draft, [next(rows) for _ in draft.lines]) for draft in drafts]


def _priced(draft: OrderDraft, rows: Sequence[Any]) -> PricedOrder:
    suppliers = {row["supplier_id"] for row in rows}
    supplier_id = draft.supplier_id or (suppliers.pop() if len(suppliers) == 1 else None)
    lines = [
        _line(line, row) if supplier_id == (draft.supplier_id or row["supplier_id"]) else _unpriced(line)
        for line, row in zip(draft.lines, rows, strict=True)
    ]
    currencies = {row["currency"] for row in rows}
    values = [line.value_minor for line in lines]
    whole = len(currencies) == 1 and None not in values
    days = [row["lead_days"] for row in rows if row["lead_days"] is not None]
    expected = rows[0]["day"] + timedelta(days=ceil(max(days))) if days else None
    return PricedOrder(
        purchase_order_id=uuid7(),
        draft=draft,
        supplier_id=supplier_id,
        expected_on=draft.expected_on or expected,
        currency=currencies.pop() if len(currencies) == 1 else None,
        value_minor=sum(value or 0 for value in values) if whole else None,
        lines=lines,
    )


def _line(line: OrderLineDraft, row: Any) -> PricedLine:
    price = row["price_minor"]
    if price is None:
        return _unpriced(line)
    factors = Factors.of(row["sticks_per_pack"], row["packs_per_carton"], row["cartons_per_case"])
    size = int(getattr(factors, row["price_unit"]))
    return PricedLine(
        gtin=line.gtin,
        quantity_sticks=line.quantity_sticks,
        price_minor=price,
        price_unit=row["price_unit"],
        price_source=row["price_source"],
        value_minor=line_value(line.quantity_sticks, price, size),
    )


def _unpriced(line: OrderLineDraft) -> PricedLine:
    return PricedLine(
        gtin=line.gtin,
        quantity_sticks=line.quantity_sticks,
        price_minor=None,
        price_unit=None,
        price_source=None,
        value_minor=None,
    )
