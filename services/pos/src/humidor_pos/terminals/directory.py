"""Terminals in memory, for the check of a key on every request."""

from datetime import datetime
from typing import Any

import msgspec

from humidor_common.auth.machine_keys import fits, owner_of
from humidor_common.db.failures import DATABASE_ERRORS
from humidor_common.db.pool import Connection, Pool
from humidor_common.web.authorization import unauthorized
from humidor_common.web.problems import Problem, unavailable
from humidor_pos.revisions import Directory
from humidor_pos.terminals.rules import PREFIX, Bucket

# A key revoked in another process is refused here after this at the latest.
MAX_AGE_SECONDS = 0.5
KEPT_MAX = 200_000

_CHANGED = """
SELECT r.revision, t.terminal_id FROM revisions r
  LEFT JOIN terminals t ON t.revision > $1 WHERE r.name = 'terminals'
"""
_LOAD = "SELECT terminal_id, store_id, key_hash, state, closed_until FROM terminals WHERE terminal_id = $1"


class Terminal(msgspec.Struct):
    """A terminal as it was proved; `closed_until` is the end of its latest closed day."""

    terminal_id: str
    store_id: str
    key_hash: bytes
    state: str
    closed_until: datetime | None
    bucket: Bucket


class Terminals(Directory):
    """Knows each terminal since its first request; a change in the database drops it from here."""

    def __init__(self, pool: Pool, *, per_second: float, burst: float, **options: Any) -> None:
        super().__init__(pool, max_age_seconds=MAX_AGE_SECONDS, **options)
        self._per_second = per_second
        self._burst = burst
        self._by_key: dict[str, Terminal] = {}
        self._keys: dict[str, set[str]] = {}
        self._strangers: set[str] = set()
        self._seen: dict[str, datetime] = {}

    async def authenticate(self, key: str) -> Terminal:
        """Prove a terminal by its key, and count the request.

        Raises:
            Problem: 401 for a wrong or revoked key, 429 when it asks too often, 503 without the database.
        """
        terminal = self._by_key.get(key) if self.is_fresh() else None
        if terminal is None:
            terminal = await self.prove(key)
        wait_seconds = terminal.bucket.take(self._monotonic(), per_second=self._per_second, burst=self._burst)
        if wait_seconds:
            headers = {"Retry-After": str(max(1, round(wait_seconds)))}
            raise Problem(429, "too-many-requests", "This terminal asks too often.", headers=headers)
        return terminal

    async def prove(self, key: str) -> Terminal:
        """Prove a terminal as it is now; for each piece of a request that lasts.

        Raises:
            Problem: 401 for a wrong or revoked key, 503 without the database.
        """
        if not self.is_fresh():
            await self.freshen()
        return self._by_key.get(key) or await self._load(key)

    def note_seen(self, terminal: Terminal, now: datetime) -> None:
        self._seen[terminal.terminal_id] = now

    async def write_seen(self, conn: Connection) -> None:
        """Store when each terminal was last heard of."""
        seen, self._seen = self._seen, {}
        if seen:
            await conn.execute(
                "UPDATE terminals t SET last_seen_at = s.at FROM unnest($1::text[], $2::timestamptz[])"
                " AS s(id, at) WHERE t.terminal_id = s.id AND t.last_seen_at IS DISTINCT FROM s.at",
                list(seen),
                list(seen.values()),
            )

    async def read_changes(self, conn: Connection) -> None:
        rows = await conn.fetch(_CHANGED, self.revision)
        for row in rows:
            for key in self._keys.pop(row["terminal_id"], ()):
                self._by_key.pop(key, None)
        self._strangers.clear()
        self.revision = rows[0]["revision"]

    async def _load(self, key: str) -> Terminal:
        terminal_id = owner_of(PREFIX, key)
        if terminal_id is None or key in self._strangers:
            raise refused()
        while True:
            revision = self.revision
            try:
                async with self._pool.acquire(timeout=5) as conn:
                    row = await conn.fetchrow(_LOAD, terminal_id)
            except DATABASE_ERRORS as error:
                raise unavailable("The database does not answer.") from error
            # What was read while changes were being taken over may be older than they are.
            if revision == self.revision:
                break
        if row is None or row["state"] != "active" or not fits(key, row["key_hash"]):
            self._note_stranger(key)
            raise refused()
        bucket = Bucket(self._burst, self._monotonic())
        terminal = Terminal(
            terminal_id, row["store_id"], row["key_hash"], row["state"], row["closed_until"], bucket
        )
        self._keep(key, terminal)
        return terminal

    def _keep(self, key: str, terminal: Terminal) -> None:
        if len(self._by_key) >= KEPT_MAX:
            self._by_key.clear()
            self._keys.clear()
        self._by_key[key] = terminal
        self._keys.setdefault(terminal.terminal_id, set()).add(key)

    def _note_stranger(self, key: str) -> None:
        if len(self._strangers) < KEPT_MAX:
            self._strangers.add(key)


def refused() -> Problem:
    return unauthorized("The terminal's key is wrong or revoked.", error="invalid_token")


def bearer_token(headers: list[tuple[bytes, bytes]]) -> str:
    """Find the credential in raw request headers.

    Raises:
        Problem: 401 without one.
    """
    for name, value in headers:
        if name == b"authorization":
            scheme, _, token = value.partition(b" ")
            if scheme.lower() == b"bearer" and token:
                return token.strip().decode("latin-1")
    raise unauthorized("This needs a terminal's key: Authorization: Bearer <key>.")
