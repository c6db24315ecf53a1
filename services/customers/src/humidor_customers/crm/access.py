"""Keeps a token and renews it in time, once at a time."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from humidor_customers.crm.remote import Access, KeepAccess


class Renewing:
    """Gives a token that is still good for `margin`; a token that was refused is given up by `drop`."""

    def __init__(
        self,
        access: Access | None,
        renew: Callable[[], Awaitable[Access]],
        keep: KeepAccess,
        *,
        clock: Callable[[], datetime],
        margin: timedelta,
    ) -> None:
        self._access = access
        self._renew = renew
        self._keep = keep
        self._clock = clock
        self._margin = margin
        self._lock = asyncio.Lock()

    async def get(self) -> Access:
        async with self._lock:
            if self._access is None or self._access.expires_at - self._margin <= self._clock():
                self._access = await self._renew()
                await self._keep(self._access)
            return self._access

    def drop(self, access: Access) -> None:
        if self._access == access:
            self._access = None
