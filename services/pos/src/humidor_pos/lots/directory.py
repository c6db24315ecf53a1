"""The lots in memory that may not be sold, or soon may not be: a small part of all there are."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Any

from humidor_common.clock import utc_now
from humidor_common.db.pool import Connection, Pool
from humidor_pos.lots.rules import Lot, LotKey
from humidor_pos.revisions import Directory

MAX_AGE_SECONDS = 1.0
REMEMBERED_DAYS = 30
"""How long a lot that is sold out is remembered: a till may have been offline for days."""

_NONE: MappingProxyType[LotKey, Lot] = MappingProxyType({})
_COLUMNS = "store_id, gtin, lot, expiry_date, held, held_since, in_stock, changed_at"
_ALL = f"""
SELECT {_COLUMNS} FROM lots
 WHERE (held OR expiry_date < $1) AND (in_stock OR changed_at > $2)
"""  # noqa: S608 - columns are a constant
_CHANGES = f"""
SELECT {_COLUMNS} FROM lots WHERE revision > $1
 UNION ALL
SELECT {_COLUMNS} FROM lots WHERE expiry_date >= $2 AND expiry_date < $3 AND revision <= $1
"""  # noqa: S608 - columns are a constant


class Lots(Directory):
    """Knows the lots of every store that are held or expire before a horizon, which moves with the days."""

    def __init__(
        self, pool: Pool, *, within_days: int, now: Callable[[], datetime] = utc_now, **options: Any
    ) -> None:
        super().__init__(pool, max_age_seconds=options.pop("max_age_seconds", MAX_AGE_SECONDS), **options)
        self._within_days = within_days
        self._now = now
        self._stores: dict[str, dict[LotKey, Lot]] = {}
        self._horizon = date.min

    def of(self, store_id: str) -> Mapping[LotKey, Lot]:
        return self._stores.get(store_id, _NONE)

    async def read_changes(self, conn: Connection) -> None:
        now = self._now()
        # No zone is further than a day from UTC, and a lot may expire on the last day of the warning.
        horizon = now.date() + timedelta(days=self._within_days + 3)
        forgotten = now - timedelta(days=REMEMBERED_DAYS)
        anew = not self.revision or horizon < self._horizon
        async with conn.transaction(isolation="repeatable_read", readonly=True):
            revision = await conn.fetchval("SELECT revision FROM revisions WHERE name = 'lots'")
            if revision == self.revision and horizon == self._horizon:
                return
            if anew:
                rows = await conn.fetch(_ALL, horizon, forgotten)
            else:
                rows = await conn.fetch(_CHANGES, self.revision, self._horizon, horizon)
        if anew:
            self._stores.clear()
        self._take_over(rows, horizon, forgotten)
        self.revision, self._horizon = revision, horizon

    def _take_over(self, rows: Sequence[Any], horizon: date, forgotten: datetime) -> None:
        for store_id, gtin, lot, expiry_date, held, held_since, in_stock, changed_at in rows:
            near = held or (expiry_date is not None and expiry_date < horizon)
            own = self._stores.setdefault(store_id, {})
            if near and (in_stock or changed_at > forgotten):
                own[gtin, lot] = Lot(expiry_date, held, held_since, in_stock)
            else:
                own.pop((gtin, lot), None)
