"""The sale as a terminal sends it."""

from uuid import UUID

from msgspec import Struct

from humidor_pos.facts.wire import AgeCheck, Currency, Lines, MemberId, Moment, Payments, StoreId


class Sale(Struct):
    """A sale that has happened; amounts are in minor units of `currency`."""

    sale_id: UUID
    store_id: StoreId
    sold_at: Moment
    currency: Currency
    lines: Lines
    payments: Payments
    member_id: MemberId | None = None
    age_check: AgeCheck | None = None


EXAMPLE = {
    "sale_id": "019aaf6e-5c00-7000-8000-000000000001",
    "store_id": "S0001",
    "sold_at": "2026-11-23T10:15:00+08:00",
    "currency": "CNY",
    "lines": [
        {
            "line": 1,
            "gtin": "06901028001236",
            "quantity": 2,
            "unit": "pack",
            "unit_price": 2500,
            "lot": None,
            "code": None,
        }
    ],
    "payments": [{"method": "wechat_pay", "amount": 5000}],
    "member_id": None,
    "age_check": {"method": "id_seen", "passed": True},
}
