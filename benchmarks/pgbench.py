"""What PostgreSQL itself reaches with the rows of a sale: PostgreSQL's own pgbench, prepared statements."""

import json
import os
import re
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import shop
from benchmarks.system import PASSWORD, Database
from humidor_embedded.postgres import PostgresServer

# As long as the event of such a sale. No colon may be followed by a letter or a digit: pgbench would take
# that for a variable.
_PAYLOAD = json.dumps(shop.sale(1, store="S0001", sold_at=datetime(2026, 1, 1, tzinfo=UTC)) | {"sold_at": ""})
_PAYLOAD += " " * 100

# The store, the moment and the id are picked by the server: the client has nothing to do but to ask.
_NEW = f"""
SELECT uuidv7() AS sale_id, 'S' || lpad((1 + floor(random() * {shop.STORES}))::int::text, 4, '0') AS store_id,
       clock_timestamp() AS sold_at
"""
_REGISTER = f"""
INSERT INTO fact_ids (store_id, fact_id, kind, happened_at, body_hash)
SELECT store_id, sale_id, 'sale', sold_at, '\\x{"ab" * 32}'::bytea FROM new
"""  # noqa: S608 - made of constants, like everything here
_SALE = """
INSERT INTO sales (store_id, sold_at, sale_id, terminal_id, recorded_at, currency, total, payments, age_check)
SELECT store_id, sold_at, sale_id, '019aaf6e5c0070008000000000000001', sold_at, 'CNY', 15000,
       '[{"method": "wechat_pay", "amount": 15000}]'::jsonb, '{"method": "id_seen", "passed": true}'::jsonb
  FROM new
"""


def five_statements() -> str:
    """BEGIN, the sale with its id in the registry, three lines, the event, COMMIT."""
    sale = (":store_id::text", ":sold_at::timestamptz", ":sale_id::uuid")
    register = f"WITH new AS ({_NEW}), f AS ({_REGISTER}), s AS ({_SALE}) SELECT * FROM new"  # noqa: S608
    return _script(
        "BEGIN;",
        rf"{register} \gset",
        f"{_lines(*sale)} FROM generate_series(1, 3) l;",
        f"{_event(*sale)};",
        "COMMIT;",
    )


def one_statement() -> str:
    """The same rows by one statement, which commits itself."""
    return _all_of_it(_NEW)


def one_transaction(sales: int) -> str:
    """So many sales by one statement, generated in the server."""
    return _all_of_it(f"{_NEW} FROM generate_series(1, {sales})")


def run(database: Database, script: str, directory: Path, *, clients: int, seconds: float) -> float:
    """Give the transactions per second."""
    done = _pgbench(database, script, directory, clients=clients, seconds=seconds)
    found = re.search(r"^tps = ([\d.]+)", done, re.MULTILINE)
    if not found:
        raise RuntimeError(f"pgbench said nothing of its rate: {done}")
    return float(found[1])


def latencies_ms(
    database: Database, script: str, directory: Path, *, clients: int, seconds: float
) -> list[float]:
    """Give the latency of each transaction, the shortest first."""
    for old in directory.glob("latency.*"):
        old.unlink()
    log = ["--log", f"--log-prefix={directory / 'latency'}"]
    _pgbench(database, script, directory, log, clients=clients, seconds=seconds)
    logged = (line.split() for each in directory.glob("latency.*") for line in each.read_text().splitlines())
    return sorted(int(fields[2]) / 1000 for fields in logged)


def percentile(ordered: list[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def _pgbench(
    database: Database,
    script: str,
    directory: Path,
    options: Sequence[str] = (),
    *,
    clients: int,
    seconds: float,
) -> str:
    path = directory / "bench.sql"
    path.write_text(script)
    server = database.server
    arguments = [
        *("-h", str(server.socket), "-U", "bench", "-n", "-M", "prepared", "-f", str(path), *options),
        *("-c", str(clients), "-j", str(min(clients, 2)), "-T", str(round(seconds)), database.name),
    ]
    done = subprocess.run(
        [str(PostgresServer.bin("pgbench")), *arguments],
        env={**os.environ, "PGPASSWORD": PASSWORD},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"pgbench failed: {done.stderr}")
    return done.stdout


def _all_of_it(new: str) -> str:
    sale = ("store_id", "sold_at", "sale_id")
    lines = f"{_lines(*sale)} FROM new, generate_series(1, 3) l"
    return _script(
        f"WITH new AS MATERIALIZED ({new}), f AS ({_REGISTER}), s AS ({_SALE}), l AS ({lines})"
        f" {_event(*sale)} FROM new;"
    )


def _lines(store_id: str, sold_at: str, sale_id: str) -> str:
    return f"""
        INSERT INTO sale_lines (store_id, sold_at, sale_id, line, gtin, quantity, unit, unit_price)
        SELECT {store_id}, {sold_at}, {sale_id}, l, '0690102800' || lpad(l::text, 4, '0'), 2, 'pack', 2500
    """


def _event(store_id: str, sold_at: str, sale_id: str) -> str:
    return f"""
        INSERT INTO outbox (event_id, type, topic, key, subject, time, traceparent, payload)
        SELECT uuidv7(), 'pos.sale-recorded.v1', 'pos.sale.v1', {store_id}, {sale_id}::text, {sold_at},
               '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', convert_to('{_PAYLOAD}', 'UTF8')
    """


def _script(*statements: str) -> str:
    return "\n".join(" ".join(statement.split()) for statement in statements) + "\n"
