"""The process that mines one run: `python -m humidor_customers.mining.work`.

It is told by standard input and answers by lines of JSON on standard output: `{"progress": 0.4, "stage": …}`
now and then, at last `{"result": …}`, `{"code": …, "detail": …}` or, where the cluster is away,
`{"lost": …}`. It has its own memory and its own interpreter, so that mining neither slows the consumers of
the worker nor stays behind in its memory. Where a cluster is named, it reads and writes here and has the
cluster find what there is to be found: nobody there can reach the database.
"""

import asyncio
import os
import resource
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

import asyncpg
import msgspec
from pydantic import TypeAdapter

from humidor_common.db.pool import Connection, prepare_connection
from humidor_common.engine.calling import call_heard
from humidor_common.engine.work import EngineLost, WorkFailed
from humidor_customers.hearing import Heard, part
from humidor_customers.jobs import queries as jobs
from humidor_customers.jobs.queries import Claimed
from humidor_customers.mining import queries
from humidor_customers.mining.finding import find
from humidor_customers.mining.gathering import read
from humidor_customers.mining.miners import Row
from humidor_customers.mining.rules.itemsets import TooMuch
from humidor_customers.mining.schemas import Params

MEMORY_BYTES = 6 * 2**30
READ, FOUND = 0.4, 0.8
"""The progress at which everything is read, and at which everything is found."""
_NICENESS = 10
_TOLD_EVERY_SECONDS = 0.5
_ROWS_AT_ONCE = 2000
_PARAMS: TypeAdapter[Any] = TypeAdapter(Params)

Say = Callable[[dict[str, Any]], None]


class Order(msgspec.Struct):
    """Which held job to mine for, where to read and write, and which cluster finds, if any."""

    dsn: str
    job: Claimed
    dask_address: str | None = None


async def carry_out(order: Order, say: Say) -> None:
    """Mine and write what was found; say how far it is, then what it came to or why it cannot be done."""
    conn = await _connect(order.dsn)
    try:
        say(await _mine(conn, order, say))
    except TooMuch as error:
        say({"code": error.code, "detail": error.message})
    except MemoryError:
        detail = "There are too many purchases for the memory of one process; ask for fewer days or stores."
        say({"code": "too-large", "detail": detail})
    except WorkFailed as error:
        say({"code": "workers-died", "detail": f"On the cluster {error}; ask for fewer days or stores."})
    except EngineLost as error:
        say({"lost": str(error)})
    finally:
        await conn.close()


async def _mine(conn: Connection, order: Order, say: Say) -> dict[str, Any]:
    params, telling = _PARAMS.validate_python(order.job.parameters), _Telling(say)
    known = await read(conn, params, telling.of("reading", 0.0, READ))
    found = await call_heard(order.dask_address, telling.of("finding", READ, FOUND), find, known, params)
    await _write(conn, order.job, found.rows, telling.of("writing", FOUND, 1.0))
    summary = {"read_at": known.lines.read_at, "rows": len(found.rows)} | found.summary
    if not found.rows:
        summary["reason"] = found.empty
    return {"result": summary | known.lines.summary()}


class _Telling:
    """Passes progress on, not too often."""

    def __init__(self, say: Say) -> None:
        self._say = say
        self._last = 0.0

    def of(self, stage: str, begin: float, end: float) -> Heard:
        """Give what hears the share of a stage, which takes the progress from `begin` to `end`."""
        return part(lambda progress: self._tell(progress, stage), begin, end)

    def _tell(self, progress: float, stage: str) -> None:
        if time.monotonic() - self._last > _TOLD_EVERY_SECONDS:
            self._last = time.monotonic()
            self._say({"progress": progress, "stage": stage})


async def _connect(dsn: str) -> Connection:
    settings = {"application_name": "humidor-mining", "timezone": "UTC"}
    conn: Connection = await asyncpg.connect(dsn, server_settings=settings)
    await prepare_connection(conn)
    if conn.get_server_version().major >= 17:
        await conn.execute("SET transaction_timeout = 0")  # it reads for longer, and writes in pieces
    return conn


async def _write(conn: Connection, job: Claimed, found: Sequence[Row], heard: Heard) -> None:
    """Write in pieces for as long as the job is ours; what a run found is seen once its job is done."""
    await queries.clear(conn, job)
    for first in range(0, len(found), _ROWS_AT_ONCE):
        heard(first / len(found))
        async with conn.transaction():
            if not await jobs.hold(conn, job):
                return  # whoever has it now writes what it finds
            await queries.add(conn, job.job_id, first, found[first : first + _ROWS_AT_ONCE])
    await queries.forget_erased(conn, job.job_id)


def _say(message: dict[str, Any]) -> None:
    try:
        sys.stdout.buffer.write(msgspec.json.encode(message) + b"\n")
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        os._exit(1)  # nobody listens any more; a cluster ends what it does for a client that is gone


def main() -> None:
    os.nice(_NICENESS)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    asyncio.run(carry_out(msgspec.json.decode(sys.stdin.buffer.read(), type=Order), _say))


if __name__ == "__main__":
    main()
