"""The return as a terminal sends it."""

from uuid import UUID

from msgspec import Struct

from humidor_pos.facts.wire import Currency, Lines, MemberId, Moment, Payments, Reason, StoreId


class Return(Struct):
    """Goods that came back; `sale_id` is null where the customer has no receipt."""

    return_id: UUID
    store_id: StoreId
    returned_at: Moment
    currency: Currency
    lines: Lines
    reason: Reason
    restock: bool
    sale_id: UUID | None = None
    payments: Payments = []
    member_id: MemberId | None = None


EXAMPLE = {
    "return_id": "019aaf6e-5c00-7000-8000-000000000002",
    "sale_id": "019aaf6e-5c00-7000-8000-000000000001",
    "store_id": "S0001",
    "returned_at": "2026-11-23T11:00:00+08:00",
    "currency": "CNY",
    "lines": [{"line": 1, "gtin": "06901028001236", "quantity": 1, "unit": "pack", "unit_price": 2500}],
    "payments": [{"method": "wechat_pay", "amount": 2500}],
    "reason": "damaged pack",
    "restock": False,
}
