"""Reads the outbox on for the relay: what was published goes, what has come since is given or waited for.

Where a commit is waited for in the server, it is seen 2 ms later at most; looking again from here costs both
sides a trip each time.
"""

from collections.abc import Sequence

import asyncpg

from humidor_common.db.pool import Connection

# Of the session alone, so it comes and goes with the relay. Each look of its loop sees what was committed
# until then, and what it deletes is committed when it gives something or up.
_MAKE = """
CREATE FUNCTION pg_temp.read_on(above bigint, most integer, published bigint[], wait_seconds float)
RETURNS SETOF outbox LANGUAGE plpgsql AS $$
DECLARE
    until timestamptz := clock_timestamp() + make_interval(secs => wait_seconds);
BEGIN
    DELETE FROM outbox WHERE id = ANY(published);
    LOOP
        RETURN QUERY SELECT * FROM outbox WHERE id > above ORDER BY id LIMIT most;
        EXIT WHEN FOUND OR clock_timestamp() >= until;
        PERFORM pg_sleep(0.002);
    END LOOP;
END$$
"""
_READ_ON = """
SELECT id, event_id, type, topic, key, subject, time, traceparent, payload, headers
  FROM pg_temp.read_on($1, $2, $3, $4)
"""


async def prepare(conn: Connection) -> None:
    """Make a session ready for `read_on`, once."""
    await conn.execute(_MAKE)


async def read_on(
    conn: Connection, published: Sequence[int], *, above: int, most: int, wait_seconds: float
) -> list[asyncpg.Record]:
    """Delete the rows that were published and give what comes next, in order; waits so long for the first."""
    rows: list[asyncpg.Record] = await conn.fetch(_READ_ON, above, most, published, wait_seconds)
    return rows
