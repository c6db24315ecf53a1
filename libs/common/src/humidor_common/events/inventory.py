"""Facts that `inventory` tells: master data and what became of the stock."""

from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

import msgspec

from humidor_common.events.base import Event


class ProductChanged(Event, frozen=True, kw_only=True):
    """The product as it now is; prices are minor units per pack, `version` rises by one with each change."""

    TYPE: ClassVar[str] = "inventory.product-changed.v1"
    TOPIC: ClassVar[str] = "inventory.product.v1"
    KEY: ClassVar[str] = "gtin"
    SUBJECT: ClassVar[str] = "gtin"
    COMPACTED: ClassVar[bool] = True

    gtin: str
    name: str
    brand: str
    status: Literal["active", "discontinued"]
    sticks_per_pack: int
    packs_per_carton: int
    cartons_per_case: int
    version: int
    changed_at: datetime
    manufacturer: str | None = None
    shelf_life_days: int | None = None
    retail_price_per_pack: int | None = None
    currency: str | None = None
    price_class: str | None = None


class StoreChanged(Event, frozen=True, kw_only=True):
    """The store as it now is."""

    TYPE: ClassVar[str] = "inventory.store-changed.v1"
    TOPIC: ClassVar[str] = "inventory.store.v1"
    KEY: ClassVar[str] = "store_id"
    SUBJECT: ClassVar[str] = "store_id"
    COMPACTED: ClassVar[bool] = True

    store_id: str
    name: str
    time_zone: str
    status: Literal["open", "closed"]
    version: int
    changed_at: datetime
    licence_number: str | None = None
    kind: Literal["store", "warehouse"] = "store"


class StockBelowReorderPoint(Event, frozen=True, kw_only=True):
    """Available stock (on hand - reserved + on order) fell to the reorder point."""

    TYPE: ClassVar[str] = "inventory.stock-below-reorder-point.v1"
    TOPIC: ClassVar[str] = "inventory.stock.v1"
    KEY: ClassVar[str] = "store_id"
    SUBJECT: ClassVar[str] = "gtin"

    alert_id: UUID
    store_id: str
    gtin: str
    on_hand_sticks: int
    reserved_sticks: int
    on_order_sticks: int
    reorder_point_sticks: int
    raised_at: datetime


class ReplenishmentSuggested(Event, frozen=True, kw_only=True):
    """It is proposed to order `quantity_sticks`; the inputs that led there stand beside it."""

    TYPE: ClassVar[str] = "inventory.replenishment-suggested.v1"
    TOPIC: ClassVar[str] = "inventory.replenishment.v1"
    KEY: ClassVar[str] = "store_id"
    SUBJECT: ClassVar[str] = "replenishment_id"

    replenishment_id: UUID
    store_id: str
    gtin: str
    quantity_sticks: int
    on_hand_sticks: int
    reserved_sticks: int
    on_order_sticks: int
    reorder_point_sticks: int
    order_up_to_sticks: int
    suggested_at: datetime


class OrderedLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a purchase order."""

    gtin: str
    quantity_sticks: int


class PurchaseOrderPlaced(Event, frozen=True, kw_only=True):
    """An approved suggestion became an order to a supplier."""

    TYPE: ClassVar[str] = "inventory.purchase-order-placed.v1"
    TOPIC: ClassVar[str] = "inventory.purchase-order.v1"
    KEY: ClassVar[str] = "store_id"
    SUBJECT: ClassVar[str] = "purchase_order_id"

    purchase_order_id: UUID
    store_id: str
    supplier_id: str | None
    lines: list[OrderedLine]
    placed_at: datetime
    approved_by: str


class ReceivedLine(msgspec.Struct, frozen=True, kw_only=True):
    """One lot of one product that came in."""

    gtin: str
    lot: str
    quantity_sticks: int
    production_date: str | None = None
    expiry_date: str | None = None


class GoodsReceived(Event, frozen=True, kw_only=True):
    """Goods came into a store's stock, by lot."""

    TYPE: ClassVar[str] = "inventory.goods-received.v1"
    TOPIC: ClassVar[str] = "inventory.receipt.v1"
    KEY: ClassVar[str] = "store_id"
    SUBJECT: ClassVar[str] = "receipt_id"

    receipt_id: UUID
    store_id: str
    purchase_order_id: UUID | None
    kind: str
    lines: list[ReceivedLine]
    received_at: datetime


class CountedProduct(msgspec.Struct, frozen=True, kw_only=True):
    """What the books said of a product at the moment of its count, and what was counted."""

    gtin: str
    book_sticks: int
    counted_sticks: int


class StocktakeCompleted(Event, frozen=True, kw_only=True):
    """A stocktake was posted: the ledger has been adjusted by counted - book of each product."""

    TYPE: ClassVar[str] = "inventory.stocktake-completed.v1"
    TOPIC: ClassVar[str] = "inventory.stocktake.v1"
    KEY: ClassVar[str] = "store_id"
    SUBJECT: ClassVar[str] = "stocktake_id"

    stocktake_id: UUID
    store_id: str
    kind: Literal["full", "cycle"]
    blind: bool
    products: list[CountedProduct]
    lines: int
    accurate_lines: int
    net_variance_sticks: int
    absolute_variance_sticks: int
    approved_by: str
    posted_by: str
    posted_at: datetime


class DispatchedLot(msgspec.Struct, frozen=True, kw_only=True):
    """One lot of one product that left."""

    gtin: str
    lot: str
    quantity_sticks: int
    production_date: str | None = None
    expiry_date: str | None = None


class TransferDispatched(Event, frozen=True, kw_only=True):
    """Goods left a store for another one; they are in transit until that store tells what came."""

    TYPE: ClassVar[str] = "inventory.transfer-dispatched.v1"
    TOPIC: ClassVar[str] = "inventory.transfer.v1"
    KEY: ClassVar[str] = "store_id"
    SUBJECT: ClassVar[str] = "transfer_id"

    transfer_id: UUID
    store_id: str
    to_store_id: str
    lines: list[DispatchedLot]
    dispatched_at: datetime


class ArrivedLot(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one lot of one product, and what was lost of it on the way."""

    gtin: str
    lot: str
    received_sticks: int
    lost_sticks: int


class TransferReceived(Event, frozen=True, kw_only=True):
    """Goods of a transfer came in, or were given up; `complete` when nothing more of it is on the way."""

    TYPE: ClassVar[str] = "inventory.transfer-received.v1"
    TOPIC: ClassVar[str] = "inventory.transfer.v1"
    KEY: ClassVar[str] = "store_id"
    SUBJECT: ClassVar[str] = "transfer_id"

    transfer_id: UUID
    store_id: str
    from_store_id: str
    complete: bool
    lines: list[ArrivedLot]
    received_at: datetime
