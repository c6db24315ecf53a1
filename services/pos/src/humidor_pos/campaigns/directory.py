"""The campaigns in memory that run, are to run, or ran not long ago."""

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from humidor_common.clock import utc_now
from humidor_common.db.pool import Connection, Pool
from humidor_pos.campaigns.rules import Campaign
from humidor_pos.revisions import Directory

MAX_AGE_SECONDS = 1.0
REMEMBERED_DAYS = 30
"""How long a campaign that is over is remembered: a till may have been offline for days."""

_COLUMNS = """
campaign_id::text, state, kind, audience, starts_on, ends_on, gtins, price_per_pack, currency,
discount_percent, keeps_set_price,
ARRAY(SELECT store_id FROM campaign_stores s WHERE s.campaign_id = c.campaign_id)
"""
ALL = f"SELECT {_COLUMNS} FROM campaigns c WHERE ends_on >= $1"  # noqa: S608 - columns are a constant
CHANGES = f"SELECT {_COLUMNS} FROM campaigns c WHERE revision > $1"  # noqa: S608 - columns are a constant


class Campaigns(Directory):
    """Knows the campaigns of every store; looks at all of them again when a day begins."""

    def __init__(self, pool: Pool, *, now: Callable[[], datetime] = utc_now, **options: Any) -> None:
        super().__init__(pool, max_age_seconds=options.pop("max_age_seconds", MAX_AGE_SECONDS), **options)
        self._now = now
        self._stores: dict[str, dict[str, Campaign]] = {}
        self._stores_of: dict[str, list[str]] = {}
        self._since = date.min

    def of(self, store_id: str) -> Sequence[Campaign]:
        """Give what takes place there; a store that is held out has none of it."""
        return tuple(self._stores.get(store_id, {}).values())

    async def read_changes(self, conn: Connection) -> None:
        since = self._now().date() - timedelta(days=REMEMBERED_DAYS)
        async with conn.transaction(isolation="repeatable_read", readonly=True):
            revision = await conn.fetchval("SELECT revision FROM revisions WHERE name = 'campaigns'")
            if revision == self.revision and since == self._since:
                return
            anew = since != self._since
            rows = await conn.fetch(ALL, since) if anew else await conn.fetch(CHANGES, self.revision)
        if anew:
            self._stores.clear()
            self._stores_of.clear()
        self._take_over(rows, since)
        self.revision, self._since = revision, since

    def _take_over(self, rows: Sequence[Any], since: date) -> None:
        for *values, store_ids in rows:
            campaign = Campaign(*values)
            for store_id in self._stores_of.pop(campaign.campaign_id, ()):
                del self._stores[store_id][campaign.campaign_id]
            if campaign.ends_on >= since:
                self._stores_of[campaign.campaign_id] = store_ids
                for store_id in store_ids:
                    self._stores.setdefault(store_id, {})[campaign.campaign_id] = campaign
