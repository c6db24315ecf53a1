"""Takes campaigns over from `customers`: what is planned or ran is a promotion, cancelled ones are none."""

from collections.abc import Sequence

from humidor_common.db.pool import Connection
from humidor_common.events.customers import CampaignChanged
from humidor_common.messaging.rebuild import Digest, Projection
from humidor_common.messaging.subscription import Poison, Received, Subscription
from humidor_forecasting.promotions import queries
from humidor_forecasting.promotions.rules import Campaign, Unusable, newest, read_campaign


async def on_campaign_changed(conn: Connection, batch: Sequence[Received]) -> None:
    """Keep the newest version of each campaign; one that comes late changes nothing."""
    told: list[Campaign] = []
    for received in batch:
        if isinstance(received.event, CampaignChanged):
            try:
                told.append(read_campaign(received.event))
            except Unusable as error:
                raise Poison(str(error)) from error
    if told:
        await queries.take_campaigns(conn, newest(told))


async def clear(conn: Connection) -> None:
    await conn.execute("DELETE FROM campaigns")
    await conn.execute("DELETE FROM promotions WHERE source = 'campaign'")


async def digest(conn: Connection) -> Digest:
    row = await conn.fetchrow(queries.DIGEST)
    return dict(row) if row else {}


SUBSCRIPTION = Subscription("forecasting.campaigns", (CampaignChanged.TOPIC,), on_campaign_changed)
PROJECTION = Projection("campaigns", SUBSCRIPTION, clear, digest)
