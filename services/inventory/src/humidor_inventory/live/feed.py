"""One reader a process: looks at the stores that somebody follows, and hands out what has changed."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Collection, Iterable
from contextlib import asynccontextmanager
from typing import Any, TypeAlias

import asyncpg
import msgspec

from humidor_common.db.failures import DATABASE_ERRORS
from humidor_common.db.pool import Connection, prepare_connection
from humidor_common.telemetry.logs import get_logger
from humidor_common.web.problems import unavailable
from humidor_inventory.live.announcer import CHANNEL, EVERY_STORE
from humidor_inventory.stock.queries import StockFilter, read_stock

POLL_SECONDS = 5.0
LOOK_AT_MOST_EVERY_SECONDS = 0.1
LINGER_SECONDS = 60.0
FIRST_LOOK_SECONDS = 10.0
STORES_A_LOOK = 50
MAX_LISTENERS = 2000

Row: TypeAlias = tuple[Any, ...]
Key: TypeAlias = tuple[str, str]

log = get_logger(__name__)


class _Followed(msgspec.Struct):
    """A store as it was last seen; each product with the number of the change that made it so."""

    since: int
    rows: dict[str, tuple[int, Row]] = msgspec.field(default_factory=dict)
    left_at: float | None = None


class Listener:
    """What one stream waits for.

    A later change of a product takes the place of an earlier one, so that a slow reader holds no more than
    a row for each product that it follows, and gets the newest.
    """

    def __init__(self, stores: Collection[str], gtins: Collection[str] | None) -> None:
        self.stores = frozenset(stores)
        self.gtins = None if gtins is None else frozenset(gtins)
        self.woken = asyncio.Event()
        self._changed: dict[Key, Row] = {}
        self._number = 0

    def wants(self, gtin: str) -> bool:
        return self.gtins is None or gtin in self.gtins

    def put(self, number: int, rows: Iterable[Row]) -> None:
        wanted = [row for row in rows if self.wants(row[1])]
        if wanted:
            self._changed.update(((row[0], row[1]), row) for row in wanted)
            self._number = number
            self.woken.set()

    def take(self) -> tuple[int, list[Row]]:
        """Take what has changed since the last time, and up to which change that is."""
        self.woken.clear()
        changed, self._changed = self._changed, {}
        return self._number, [changed[key] for key in sorted(changed)]


class StockFeed:
    """Follows stores while somebody listens to them, and for a minute more, so that a cut stream goes on."""

    def __init__(self, dsn: str) -> None:
        self.epoch = secrets.token_hex(4)
        self._dsn = dsn
        self._number = 0
        self._followed: dict[str, _Followed] = {}
        self._listeners: dict[str, set[Listener]] = {}
        self._dirty: set[str] = set()
        self._woken = asyncio.Event()
        self._looked = asyncio.Condition()
        self.listening = 0

    @property
    def number(self) -> int:
        """The number of the newest change."""
        return self._number

    @asynccontextmanager
    async def follow(self, listener: Listener) -> AsyncIterator[None]:
        """Hand out changes to a listener; all that was seen before stands in `rows`.

        Raises:
            Problem: 503 when too many listen, or the database does not answer.
        """
        if self.listening >= MAX_LISTENERS:
            raise unavailable("Too many streams are open in this process.", retry_after_seconds=5)
        self.listening += 1
        try:
            for store_id in listener.stores:
                self._listeners.setdefault(store_id, set()).add(listener)
            await self._first_look(listener.stores)
            listener.take()
            yield
        finally:
            self.listening -= 1
            self._leave(listener)

    def rows(self, listener: Listener, *, after: int | None) -> list[Row] | None:
        """Give a listener's rows as they are: all, or those changed `after`; None where that is too old."""
        followed = [self._followed[store_id] for store_id in sorted(listener.stores)]
        if after is not None and (after > self._number or any(each.since > after for each in followed)):
            return None
        return [
            row
            for each in followed
            for gtin, (number, row) in sorted(each.rows.items())
            if listener.wants(gtin) and (after is None or number > after)
        ]

    async def run(self) -> None:
        """Look until cancelled; a lost database is waited for, and all is looked at again."""
        while True:
            while not self._listeners:
                self._woken.clear()
                self._followed.clear()
                await self._woken.wait()
            try:
                await self._listen()
            except DATABASE_ERRORS as error:
                log.warning("live stock lost its database, trying again", extra={"error": repr(error)})
                await asyncio.sleep(1)

    async def _listen(self) -> None:
        conn = await asyncpg.connect(
            self._dsn, timeout=5, command_timeout=30, server_settings={"application_name": "live-stock"}
        )
        try:
            await prepare_connection(conn)
            await conn.add_listener(CHANNEL, lambda *said: self._hear(str(said[-1])))
            self._dirty.update(self._listeners)
            while self._listeners or self._followed:
                await self._look(conn)
                await asyncio.sleep(LOOK_AT_MOST_EVERY_SECONDS)
                try:
                    await asyncio.wait_for(self._woken.wait(), POLL_SECONDS)
                except TimeoutError:
                    self._dirty.update(self._listeners.keys() | self._followed)
                    self._forget()
        finally:
            conn.terminate()

    def _hear(self, payload: str) -> None:
        known = self._followed.keys() | self._listeners
        changed = known if payload == EVERY_STORE else known & set(payload.split(","))
        if changed:
            self._dirty |= changed
            self._woken.set()

    async def _first_look(self, stores: Collection[str]) -> None:
        for store_id in stores:
            if store_id in self._followed:
                self._followed[store_id].left_at = None
        missing = {store_id for store_id in stores if store_id not in self._followed}
        if not missing:
            return
        self._dirty |= missing
        self._woken.set()
        try:
            async with asyncio.timeout(FIRST_LOOK_SECONDS), self._looked:
                await self._looked.wait_for(lambda: missing <= self._followed.keys())
        except TimeoutError as error:
            raise unavailable("The database does not answer.") from error

    async def _look(self, conn: Connection) -> None:
        self._woken.clear()
        dirty, self._dirty = sorted(self._dirty), set()
        for start in range(0, len(dirty), STORES_A_LOOK):
            stores = dirty[start : start + STORES_A_LOOK]
            try:
                rows = await read_stock(conn, StockFilter(stores, None), after=("", ""), limit=10**6)
            except BaseException:
                self._dirty.update(dirty)
                raise
            self._take_over(stores, rows)
            async with self._looked:
                self._looked.notify_all()

    def _take_over(self, stores: Collection[str], rows: Iterable[Any]) -> None:
        number = self._number + 1
        for store_id in stores:
            self._followed.setdefault(store_id, _Followed(since=self._number))
        changed: dict[str, list[Row]] = {}
        for record in rows:
            row = tuple(record)
            known = self._followed[row[0]].rows
            if row[1] not in known or known[row[1]][1] != row:
                known[row[1]] = (number, row)
                changed.setdefault(row[0], []).append(row)
        if changed:
            self._number = number
        for store_id, those in changed.items():
            for listener in self._listeners.get(store_id, ()):
                listener.put(number, those)

    def _leave(self, listener: Listener) -> None:
        now = asyncio.get_running_loop().time()
        for store_id in listener.stores:
            self._listeners[store_id].discard(listener)
            if not self._listeners[store_id]:
                del self._listeners[store_id]
                if store_id in self._followed:
                    self._followed[store_id].left_at = now

    def _forget(self) -> None:
        """Stop following stores that nobody has listened to for a while."""
        before = asyncio.get_running_loop().time() - LINGER_SECONDS
        for store_id, followed in list(self._followed.items()):
            if followed.left_at is not None and followed.left_at < before:
                del self._followed[store_id]
