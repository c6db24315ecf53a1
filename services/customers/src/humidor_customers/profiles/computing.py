"""Computes profiles of any number of customers at once, from what they bought in the last three years."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import asyncpg
import numpy as np

from humidor_common.db.pool import Connection
from humidor_customers.arrays import Ints
from humidor_customers.inputs import Party
from humidor_customers.profiles import queries, rules
from humidor_customers.profiles.figures.favourites import Goods
from humidor_customers.profiles.figures.lines import Codes, Purchases
from humidor_customers.profiles.figures.making import Columns, figure
from humidor_customers.profiles.said import NOTHING, read_said
from humidor_customers.profiles.statement import (
    ALLOWED,
    BEFORE_2000,
    DAY_BITS,
    DOCUMENTS,
    GOODS,
    HOUR_BITS,
    KIND_BITS,
    SIZE_BITS,
    TO_READ,
    TO_WRITE,
)
from humidor_customers.profiles.writing import write
from humidor_customers.purchases import queries as purchases
from humidor_customers.purchases.copying import LINE, SEPARATOR
from humidor_customers.retailers import queries as retailers

LINES_AT_ONCE = 30_000
"""About so many lines are in memory together, some hundred bytes each."""
AT_FIRST, AT_MOST, GROWTH = 500, 20_000, 4
"""Customers who are read together: as long as nobody knows how many lines they have, at most, times more."""
_HEADER_BYTES = 20
_SIGN = np.int64(-(2**63))
"""Turned over, it makes halves of ids sort as the ids do."""


async def compute(conn: Connection, parties: Sequence[Party], *, now: datetime, consent_needed: bool) -> None:
    """Compute the profiles of these customers anew, or do away with them where there is nothing left.

    A merged record has none: it is part of the one that it was merged into.
    """
    await purchases.share(conn)
    roots = await retailers.roots_of(conn, [each.id for each in parties if each.kind == "retailer"])
    members = sorted(each for each in parties if each.kind == "consumer")
    survivors = [Party("retailer", root) for root in sorted(roots)]
    written: set[Party] = set()
    for alike in (members, survivors):
        begin, size = 0, AT_FIRST
        while asked := alike[begin : begin + size]:
            found, lines = await _write(conn, asked, roots, now, consent_needed=consent_needed)
            written |= found
            begin += size
            size = min(AT_MOST, GROWTH * size, LINES_AT_ONCE * len(asked) // max(lines, 1) + 1)
    if nothing := {*members, *survivors, *parties} - written:
        await queries.forget(conn, sorted(nothing))


async def _write(
    conn: Connection,
    asked: Sequence[Party],
    roots: Mapping[str, Sequence[str]],
    now: datetime,
    *,
    consent_needed: bool,
) -> tuple[set[Party], int]:
    """Compute and write some profiles; gives of whom, and of how many lines."""
    rows = await conn.fetch(ALLOWED, *_turned(asked, 2), now, consent_needed)
    ended = {row[0]: row[1] for row in rows}
    allowed = [(n, asked[n - 1]) for n in ended]
    parts = _turned(
        [
            (n, kind, part)
            for n, (kind, identity) in allowed
            for part in (roots[identity] if kind == "retailer" else (identity,))
        ],
        3,
    )
    bought = await _read(conn, parts, now - timedelta(days=rules.LOOKBACK_DAYS))
    if bought is None:
        return set(), 0
    found = figure(bought, await _read_goods(conn, bought.gtin.names), now.astimezone(UTC).date())
    buyers = [asked[n - 1] for n in found["n"]]
    found |= dict(zip(("party_kind", "party_id"), _turned(buyers, 2), strict=True))
    _add_stage(found, [ended[n] for n in found["n"]], now)
    async with _planned(conn, TO_WRITE):
        _add_said(found, await read_said(conn, parts, now))
        await write(conn, found, now=now)
    return set(buyers), len(bought.sticks)


def _add_stage(found: Columns, ended: Sequence[bool], now: datetime) -> None:
    """Say of each customer how often it buys and where it stands at a moment."""
    today = now.astimezone(UTC).date()
    names = ("party_kind", "active_days", "first_on", "last_on")
    rhythms = [rules.Rhythm(*each) for each in zip(*(found[name] for name in names), strict=True)]
    found["computed_at"] = [now] * len(rhythms)
    found["gap_days"] = [each.gap_days for each in rhythms]
    found["lifecycle"] = [
        rules.lifecycle_of(each, today, ended=over) for each, over in zip(rhythms, ended, strict=True)
    ]


def _add_said(found: Columns, said: Mapping[int, asyncpg.Record]) -> None:
    """Join what customers said of themselves to what they bought."""
    if not said:
        found |= {name: [value] * len(found["n"]) for name, value in NOTHING.items()}
        return
    rows = [said.get(n) for n in found["n"]]
    found |= {name: [row[name] if row else value for row in rows] for name, value in NOTHING.items()}
    for details, row in zip(found["details"], rows, strict=True):
        details.update(row["told"] if row else {})


@asynccontextmanager
async def _planned(conn: Connection, settings: Mapping[str, str]) -> AsyncIterator[None]:
    """Set the planner for some statements."""
    await conn.execute(";".join(f"SET LOCAL {name} = {value}" for name, value in settings.items()))
    yield
    await conn.execute(";".join(f"SET LOCAL {name} TO DEFAULT" for name in settings))


def _turned(rows: Iterable[Sequence[object]], width: int) -> list[list[object]]:
    """Give the columns of rows."""
    return [list(column) for column in zip(*rows, strict=True)] or [[] for _ in range(width)]


async def _read(conn: Connection, parts: Sequence[Sequence[object]], since: datetime) -> Purchases | None:
    async with _planned(conn, TO_READ):
        (row,) = await conn.fetch(DOCUMENTS, *parts, since)
    if row["packed"] is None:
        return None
    high, low = _numbers(row["document"], 2).T ^ _SIGN
    currency, store = Codes.read(row["till"]).parted(" ")
    figures = np.frombuffer(row["figures"], dtype=LINE)
    return Purchases(
        high=high,
        low=low,
        bought_at=_numbers(row["bought_at"])[:, 0],
        store=store,
        currency=currency,
        sticks=figures["sticks"].astype(np.int64),
        net_minor=figures["net_minor"].astype(np.int64),
        gtin=Codes.read(row["gtins"].split(SEPARATOR)),
        **_unpacked(_numbers(row["packed"])[:, 0]),
    )


def _unpacked(packed: Ints) -> dict[str, Ints]:
    """Take the small numbers of documents apart, as `DOCUMENTS` put them together."""

    def bits(width: int) -> Ints:
        nonlocal packed
        values: Ints = packed & ((1 << width) - 1)
        packed = packed >> width
        return values

    day = bits(DAY_BITS) - BEFORE_2000
    small = {"hour": bits(HOUR_BITS), "kind": bits(KIND_BITS), "size": bits(SIZE_BITS)}
    return {"day": day, **small, "who": packed}


def _numbers(sent: bytes, each: int = 1) -> Ints:
    """Read an array as PostgreSQL sends it: a header, then before each element its length in four bytes."""
    of = np.dtype([("length", ">i4"), ("values", ">i8", (each,))])
    return np.frombuffer(sent, dtype=of, offset=_HEADER_BYTES)["values"].astype(np.int64)


async def _read_goods(conn: Connection, gtins: Sequence[str]) -> dict[str, Goods]:
    def known(row: asyncpg.Record) -> Goods:
        return Goods(*tuple(row)[1:])

    return {row[0]: known(row) for row in await conn.fetch(GOODS, gtins)}
