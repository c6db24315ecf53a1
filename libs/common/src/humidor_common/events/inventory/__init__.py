"""Facts that `inventory` tells, by what they are about; each module can be read alone."""

from humidor_common.events.inventory.alerts import AlertClosed, AlertRaised
from humidor_common.events.inventory.catalogue import ProductChanged, StoreChanged, UnitGtin
from humidor_common.events.inventory.climate import ClimateExcursion, ExposedLot
from humidor_common.events.inventory.closings import ClosingStock, StockClosed
from humidor_common.events.inventory.lots import CartonsReceived, LotChanged
from humidor_common.events.inventory.movements import (
    ArrivedLot,
    DispatchedLot,
    TransferDispatched,
    TransferReceived,
)
from humidor_common.events.inventory.order_stock import (
    ReservedProduct,
    ShippedLot,
    StockRefused,
    StockReleased,
    StockReserved,
    StockShipped,
)
from humidor_common.events.inventory.purchasing import (
    PurchaseOrderAmended,
    PurchaseOrderClosed,
    PurchaseOrderConfirmed,
    SentBackLine,
    ShipmentAnnounced,
    ShippedLine,
    SupplierLeadTimeChanged,
    SupplierReturnDispatched,
)
from humidor_common.events.inventory.receipts import DamagedLot, GoodsReceived, ReceivedLine
from humidor_common.events.inventory.replenishment import (
    OrderedLine,
    PurchaseOrderPlaced,
    ReplenishmentSuggested,
    StockBelowReorderPoint,
)
from humidor_common.events.inventory.stocktakes import CountedProduct, StocktakeCompleted

__all__ = [
    "AlertClosed",
    "AlertRaised",
    "ArrivedLot",
    "CartonsReceived",
    "ClimateExcursion",
    "ClosingStock",
    "CountedProduct",
    "DamagedLot",
    "DispatchedLot",
    "ExposedLot",
    "GoodsReceived",
    "LotChanged",
    "OrderedLine",
    "ProductChanged",
    "PurchaseOrderAmended",
    "PurchaseOrderClosed",
    "PurchaseOrderConfirmed",
    "PurchaseOrderPlaced",
    "ReceivedLine",
    "ReplenishmentSuggested",
    "ReservedProduct",
    "SentBackLine",
    "ShipmentAnnounced",
    "ShippedLine",
    "ShippedLot",
    "StockBelowReorderPoint",
    "StockClosed",
    "StockRefused",
    "StockReleased",
    "StockReserved",
    "StockShipped",
    "StocktakeCompleted",
    "StoreChanged",
    "SupplierLeadTimeChanged",
    "SupplierReturnDispatched",
    "TransferDispatched",
    "TransferReceived",
    "UnitGtin",
]
