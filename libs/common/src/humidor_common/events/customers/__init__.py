"""Facts that `customers` tells, by what they are about. None of them carries a name, phone or address."""

from humidor_common.events.customers.campaigns import CampaignChanged, CampaignVariant
from humidor_common.events.customers.consumers import ConsentChanged, ConsumerJoined, MembershipEnded
from humidor_common.events.customers.interactions import InteractionRecorded, PresaleMoved, VisitCompleted
from humidor_common.events.customers.orders import (
    DeliveredProduct,
    OrderCancelled,
    OrderConfirmed,
    OrderDelivered,
    OrderedProduct,
)
from humidor_common.events.customers.retailers import MergeUndone, RetailerChanged, RetailersMerged
from humidor_common.events.customers.rights import (
    ContactRequestClosed,
    ErasureRequested,
    ExportRequested,
    PrivacyRequestClosed,
)
from humidor_common.events.customers.segments import SegmentPublished
from humidor_common.events.customers.supply import (
    StrategyPublished,
    SupplyShared,
    TierChanged,
    TierSchemePublished,
)

__all__ = [
    "CampaignChanged",
    "CampaignVariant",
    "ConsentChanged",
    "ConsumerJoined",
    "ContactRequestClosed",
    "DeliveredProduct",
    "ErasureRequested",
    "ExportRequested",
    "InteractionRecorded",
    "MembershipEnded",
    "MergeUndone",
    "OrderCancelled",
    "OrderConfirmed",
    "OrderDelivered",
    "OrderedProduct",
    "PresaleMoved",
    "PrivacyRequestClosed",
    "RetailerChanged",
    "RetailersMerged",
    "SegmentPublished",
    "StrategyPublished",
    "SupplyShared",
    "TierChanged",
    "TierSchemePublished",
    "VisitCompleted",
]
