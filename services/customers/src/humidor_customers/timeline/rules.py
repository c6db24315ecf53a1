"""What of the facts of a till belongs on the timeline of a member."""

from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from humidor_common.events import Event
from humidor_common.events.pos import SaleRecorded, SaleReturned, SaleVoided


class Fact(NamedTuple):
    """A sale, or what became of one; `member_id` is None where the till did not say whose it was."""

    entry_id: UUID
    kind: str
    sale_id: UUID | None
    member_id: str | None
    happened_at: datetime
    store_id: str
    details: dict[str, Any]


def fact_of(event: Event) -> Fact | None:
    """Read a fact that may concern a member; None for what cannot.

    A sale without a member concerns none. A return or void without one may still belong to a member's sale.
    """
    if isinstance(event, SaleRecorded) and event.member_id:
        money = {"total_minor": event.total, "currency": event.currency, "lines": len(event.lines)}
        return Fact(
            event.sale_id, "sale", event.sale_id, event.member_id, event.sold_at, event.store_id, money
        )
    if isinstance(event, SaleReturned) and (event.member_id or event.sale_id):
        money = {"total_minor": event.total, "currency": event.currency, "lines": len(event.lines)}
        of = {"sale_id": event.sale_id and str(event.sale_id)}
        return Fact(
            event.return_id,
            "return",
            event.sale_id,
            event.member_id,
            event.returned_at,
            event.store_id,
            money | of,
        )
    if isinstance(event, SaleVoided) and event.sale_id:
        of = {"sale_id": str(event.sale_id)}
        return Fact(event.void_id, "void", event.sale_id, None, event.voided_at, event.store_id, of)
    return None
