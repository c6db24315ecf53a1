"""The projection of campaigns and of the stores where they take place."""

from collections.abc import Sequence

from humidor_common.db.pool import Connection
from humidor_common.events.customers import CampaignChanged
from humidor_common.messaging.rebuild import Digest, Projection
from humidor_common.messaging.subscription import Received, Subscription
from humidor_pos.campaigns import service


async def on_campaigns_changed(conn: Connection, batch: Sequence[Received]) -> None:
    events = (received.event for received in batch)
    await service.take_over(conn, (event for event in events if isinstance(event, CampaignChanged)))


async def clear(conn: Connection) -> None:
    await conn.execute("DELETE FROM campaigns")
    await conn.execute("DELETE FROM campaign_stores")


async def digest(conn: Connection) -> Digest:
    """Summarize all that the events told, in any order of rows."""
    row = await conn.fetchrow("""
        SELECT (SELECT count(*) FROM campaigns) AS campaigns,
               (SELECT count(*) FROM campaign_stores) AS campaign_stores,
               (SELECT sum(hashtextextended(concat_ws('|', campaign_id, version, state, kind, audience,
                    starts_on, ends_on, gtins, price_per_pack, currency, discount_percent, keeps_set_price,
                    changed_at), 0))
                  FROM campaigns)::text AS campaign_hash,
               (SELECT sum(hashtextextended(concat_ws('|', campaign_id, store_id, ends_on), 0))
                  FROM campaign_stores)::text AS store_hash
    """)
    return dict(row) if row else {}


SUBSCRIPTION = Subscription(
    group="pos.campaigns", topics=(CampaignChanged.TOPIC,), apply=on_campaigns_changed
)
PROJECTION = Projection(name="campaigns", subscription=SUBSCRIPTION, clear=clear, digest=digest)
