"""The process that mines one run: `python -m humidor_customers.mining.work`.

It is told by standard input and answers by lines of JSON on standard output: `{"progress": 0.4}` now and
then, at last `{"result": …}` or `{"code": …, "detail": …}`. It has its own memory and its own interpreter,
so that mining neither slows the consumers of the worker nor stays behind in its memory.
"""

import asyncio
import os
import resource
import sys
import time
from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
from pydantic import TypeAdapter

from humidor_common.db.pool import Connection, prepare_connection
from humidor_customers.mining import miners, miners_of_customers, queries
from humidor_customers.mining.miners import Mine, Row, Task
from humidor_customers.mining.rules.itemsets import TooMuch
from humidor_customers.mining.schemas import Params

MEMORY_BYTES = 6 * 2**30
_NICENESS = 10
_TOLD_EVERY_SECONDS = 0.5
_ROWS_AT_ONCE = 2000
_MINERS: dict[str, Mine] = {
    "associations": miners.mine_associations,
    "sequences": miners.mine_sequences,
    "switching": miners_of_customers.mine_switching,
    "affinities": miners_of_customers.mine_affinities,
    "cohorts": miners_of_customers.mine_cohorts,
    "recommendations": miners_of_customers.mine_recommendations,
}
_PARAMS: TypeAdapter[Any] = TypeAdapter(Params)

Say = Callable[[dict[str, Any]], None]


class Order(msgspec.Struct):
    """What to mine, under which id it is kept, and where."""

    dsn: str
    run_id: UUID
    params: dict[str, Any]


async def carry_out(order: Order, say: Say) -> None:
    """Mine and write what was found; say how far it is, then what it came to or why it cannot be done."""
    conn = await _connect(order.dsn)
    try:
        say(await _mine(conn, order, say))
    except TooMuch as error:
        say({"code": error.code, "detail": str(error)})
    except MemoryError:
        detail = "There are too many purchases for the memory of one process; ask for fewer days or stores."
        say({"code": "too-large", "detail": detail})
    finally:
        await conn.close()


async def _mine(conn: Connection, order: Order, say: Say) -> dict[str, Any]:
    params = _PARAMS.validate_python(order.params)
    mined = await _MINERS[params.kind](Task(conn, _Hearing(say)), params)
    rows = await _write(conn, order.run_id, mined.rows)
    summary = {"read_at": mined.lines.read_at, "rows": rows} | mined.summary
    if not rows:
        summary["reason"] = mined.empty
    return {"result": summary | mined.lines.summary()}


class _Hearing:
    """Passes progress on, not too often."""

    def __init__(self, say: Say) -> None:
        self._say = say
        self._last = 0.0

    def __call__(self, share: float) -> None:
        if time.monotonic() - self._last > _TOLD_EVERY_SECONDS:
            self._last = time.monotonic()
            self._say({"progress": share})


async def _connect(dsn: str) -> Connection:
    settings = {"application_name": "humidor-mining", "timezone": "UTC"}
    conn: Connection = await asyncpg.connect(dsn, server_settings=settings)
    await prepare_connection(conn)
    if conn.get_server_version().major >= 17:
        await conn.execute("SET transaction_timeout = 0")  # it reads for longer, and writes in pieces
    return conn


async def _write(conn: Connection, run_id: UUID, found: Iterable[Row]) -> int:
    """Write in pieces; what a run found is seen once its job is done."""
    await queries.clear(conn, run_id)
    count, left = 0, iter(found)
    while rows := list(islice(left, _ROWS_AT_ONCE)):
        await queries.add(conn, run_id, count, rows)
        count += len(rows)
    await queries.forget_erased(conn, run_id)
    return count


def _say(message: dict[str, Any]) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(message) + b"\n")
    sys.stdout.buffer.flush()


def main() -> None:
    os.nice(_NICENESS)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    asyncio.run(carry_out(msgspec.json.decode(sys.stdin.buffer.read(), type=Order), _say))


if __name__ == "__main__":
    main()
