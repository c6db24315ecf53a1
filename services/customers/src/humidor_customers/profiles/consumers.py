"""Lets profiles follow what becomes of customers: merges, licences, memberships, consent, contacts."""

from collections.abc import Sequence

from humidor_common.db.pool import Connection
from humidor_common.events import Event
from humidor_common.events.customers import (
    ConsentChanged,
    InteractionRecorded,
    MembershipEnded,
    MergeUndone,
    RetailerChanged,
    RetailersMerged,
)
from humidor_common.messaging.subscription import Received, Subscription
from humidor_customers.purchases import queries as purchases


async def on_customers(conn: Connection, batch: Sequence[Received]) -> None:
    concerned = {party for received in batch for party in _parties_of(received.event)}
    if concerned:
        await purchases.mark(conn, concerned)


def _parties_of(event: Event) -> list[tuple[str, str]]:
    if isinstance(event, RetailersMerged | MergeUndone):
        return [("retailer", event.survivor_id), ("retailer", event.merged_id)]
    if isinstance(event, RetailerChanged):
        return [("retailer", event.retailer_id)]
    if isinstance(event, ConsentChanged) and event.purpose == "analysis":
        return [("consumer", event.member_id)]
    if isinstance(event, MembershipEnded):
        return [("consumer", event.member_id)]
    if isinstance(event, InteractionRecorded) and event.direction == "in":
        return [(event.customer_kind, event.customer_id)]
    return []


SUBSCRIPTION = Subscription(
    "customers.profiles",
    (RetailersMerged.TOPIC, RetailerChanged.TOPIC, ConsentChanged.TOPIC, InteractionRecorded.TOPIC),
    on_customers,
)
