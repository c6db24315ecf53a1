"""Takes what `pos` tells."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from humidor_common.clock import utc_now
from humidor_common.db.pool import Connection
from humidor_common.events.pos import SaleLine, SaleRecorded, SaleReturned, SaleVoided
from humidor_common.messaging import inbox
from humidor_common.messaging.subscription import Poison, Received, Subscription
from humidor_inventory.sales.planning import Document
from humidor_inventory.sales.rebuilding import apply_again
from humidor_inventory.sales.service import apply_documents, take_documents
from humidor_inventory.units.rules import MAX_STICKS, lenient_gtin

GROUP = "inventory.stock"
_MAX_LINE = 2**31 - 1


async def on_sale_events(conn: Connection, batch: Sequence[Received]) -> None:
    """Apply a batch of sales, returns and voids in their order; see `sales.rules` for what they come to.

    A repeated event changes nothing. A return or void may come before its sale, a sale before its product.
    """
    if documents := _documents(batch):
        await apply_documents(conn, documents, now=utc_now())


async def on_sale_events_again(conn: Connection, batch: Sequence[Received]) -> None:
    """Apply a batch that a rebuild reads again, to balances that hold the ledger already."""
    if documents := _documents(batch):
        await apply_again(conn, documents, now=utc_now())


async def take_sale_events(conn: Connection, batch: Sequence[Received]) -> int:
    """Admit and apply a batch in as few trips to the database as it goes; see `on_sale_events`."""
    documents = {
        received.event_id: document for received in batch if (document := _read(received)) is not None
    }
    if len(documents) < len(batch):  # something else on the topic has to be admitted too
        return await inbox.admit_and_apply(conn, SUBSCRIPTION, batch)
    return await take_documents(conn, documents, GROUP, now=utc_now())


SUBSCRIPTION = Subscription(group=GROUP, topics=("pos.sale.v1",), apply=on_sale_events, take=take_sale_events)


def _documents(batch: Sequence[Received]) -> list[Document]:
    return [document for received in batch if (document := _read(received)) is not None]


def _read(received: Received) -> Document | None:
    event = received.event
    if isinstance(event, SaleRecorded):
        return _document("sale", event, event.sale_id, event.sale_id, event.sold_at)
    if isinstance(event, SaleReturned):
        return _document("return", event, event.return_id, event.sale_id, event.returned_at)
    if isinstance(event, SaleVoided):
        return _document("void", event, event.void_id, event.sale_id, event.voided_at)
    return None


def _document(
    kind: str, event: SaleRecorded | SaleReturned | SaleVoided, own: UUID, sale: UUID | None, at: datetime
) -> Document:
    if "\x00" in event.store_id:
        raise Poison("store_id holds a NUL character")
    # A void cancels what its sale took, whatever lines the terminal repeats with it.
    lines = [] if kind == "void" and sale else event.lines
    return Document(
        kind=kind,  # type: ignore[arg-type]  # the three literals above
        store_id=event.store_id,
        thread_id=sale or own,
        document_id=own,
        restock=event.restock if isinstance(event, SaleReturned) else True,
        occurred_at=at,
        lines=[_line(line) for line in lines],
        currency=None if isinstance(event, SaleVoided) else event.currency,
    )


def _line(line: SaleLine) -> SaleLine:
    """Refuse what no stock can hold, and bring the GTIN to 14 digits."""
    if not 0 < line.quantity <= MAX_STICKS:
        raise Poison(f"line {line.line}: a quantity of {line.quantity} is not one that a sale can have")
    if not -_MAX_LINE <= line.line <= _MAX_LINE:
        raise Poison(f"line number {line.line} is out of range")
    if "\x00" in line.gtin or (line.lot and "\x00" in line.lot) or (line.code and "\x00" in line.code):
        raise Poison(f"line {line.line} holds a NUL character")
    gtin = lenient_gtin(line.gtin)
    return line if gtin == line.gtin else msgspec.structs.replace(line, gtin=gtin)
