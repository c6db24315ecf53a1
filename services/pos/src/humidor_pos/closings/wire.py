"""A day closing as a terminal sends it."""

from datetime import date
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from humidor_pos.facts.wire import Amount, Currency, PaymentMethod, StoreId

Count = Annotated[int, Meta(ge=0, le=1_000_000_000)]


class Totals(Struct):
    """Every sale, return and void of the day as it was posted, in minor units.

    A voided sale stays in the sales and is in the voids too, so that totals of a day never change by what
    happens on another. `by_payment` is what sales brought in less what returns paid back.
    """

    sale_count: Count = 0
    sale_total: Amount = 0
    return_count: Count = 0
    return_total: Amount = 0
    void_count: Count = 0
    by_payment: dict[PaymentMethod, Amount] = {}


class DayClosing(Struct):
    """A terminal's own totals of one business date in its store's time zone."""

    closing_id: UUID
    store_id: StoreId
    business_date: date
    currency: Currency
    totals: Totals


EXAMPLE = {
    "closing_id": "019aaf6e-5c00-7000-8000-000000000004",
    "store_id": "S0001",
    "business_date": "2026-11-23",
    "currency": "CNY",
    "totals": {
        "sale_count": 1,
        "sale_total": 5000,
        "return_count": 0,
        "return_total": 0,
        "void_count": 0,
        "by_payment": {"wechat_pay": 5000},
    },
}
