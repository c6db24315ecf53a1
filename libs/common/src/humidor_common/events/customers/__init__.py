"""Facts that `customers` tells, by what they are about. None of them carries a name, phone or address."""

from humidor_common.events.customers.consumers import ConsentChanged, ConsumerJoined, MembershipEnded
from humidor_common.events.customers.retailers import MergeUndone, RetailerChanged, RetailersMerged

__all__ = [
    "ConsentChanged",
    "ConsumerJoined",
    "MembershipEnded",
    "MergeUndone",
    "RetailerChanged",
    "RetailersMerged",
]
