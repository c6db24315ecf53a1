"""Exceptions: what a person should look at about a fact, raised with it and settled later."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from humidor_common import audit
from humidor_common.auth import Principal
from humidor_common.db.pool import Connection
from humidor_common.ids import uuid7
from humidor_common.web.problems import Problem, not_found
from humidor_pos.facts.rules import Doubt

COLUMNS = (
    "store_id, exception_id, kind, fact_id, happened_at, code, detail, lines, gtin, state, raised_at,"
    " settled_at, settled_by, note"
)
BY_ITSELF = "system"
_RESOLVE = f"""
UPDATE exceptions SET state = 'resolved', settled_at = now(), settled_by = $2, note = $3
 WHERE exception_id = $1 RETURNING {COLUMNS}
"""  # noqa: S608 - columns are a constant

INSERT = """
INSERT INTO exceptions (store_id, exception_id, kind, fact_id, happened_at, code, detail, lines, gtin,
                        raised_at)
SELECT store_id, exception_id, kind, fact_id, happened_at, code, detail,
       string_to_array(lines, ',')::int[], gtin, raised_at
  FROM unnest($1::text[], $2::uuid[], $3::text[], $4::uuid[], $5::timestamptz[], $6::text[], $7::text[],
              $8::text[], $9::text[], $10::timestamptz[])
    AS d(store_id, exception_id, kind, fact_id, happened_at, code, detail, lines, gtin, raised_at)
"""

DoubtRow = tuple[str, UUID, str, UUID, datetime, str, str, str | None, str | None, datetime]


def codes(doubts: Iterable[Doubt]) -> tuple[str, ...]:
    """Name each kind of doubt once, in the order found."""
    return tuple(dict.fromkeys(doubt.code for doubt in doubts))


def rows(
    doubts: Iterable[Doubt], *, kind: str, store_id: str, fact_id: UUID, happened_at: datetime, now: datetime
) -> list[DoubtRow]:
    """Make the rows that `INSERT` takes."""
    return [
        (
            store_id,
            uuid7(),
            kind,
            fact_id,
            happened_at,
            doubt.code,
            doubt.detail,
            ",".join(map(str, doubt.lines)) or None,
            doubt.gtin,
            now,
        )
        for doubt in doubts
    ]


async def raise_for(conn: Connection, doubt_rows: Sequence[DoubtRow]) -> None:
    if doubt_rows:
        await conn.execute(INSERT, *map(list, zip(*doubt_rows, strict=True)))


async def close_unknown_products(conn: Connection, gtins: Sequence[str], now: datetime) -> None:
    """Close what was only odd because the product came after its sale."""
    await conn.execute(
        "UPDATE exceptions SET state = 'closed', settled_at = $2, settled_by = $3,"
        " note = 'the product is known now'"
        " WHERE state = 'open' AND code = 'unknown_product' AND gtin = ANY($1)",
        list(gtins),
        now,
        BY_ITSELF,
    )


async def list_exceptions(
    conn: Connection, store_id: str, state: str | None, after: UUID | None, limit: int
) -> list[dict[str, Any]]:
    found = await conn.fetch(
        f"SELECT {COLUMNS} FROM exceptions WHERE store_id = $1 AND ($2::text IS NULL OR state = $2)"  # noqa: S608 - columns are a constant
        " AND ($3::uuid IS NULL OR exception_id > $3) ORDER BY exception_id LIMIT $4",
        store_id,
        state,
        after,
        limit,
    )
    return [dict(row) for row in found]


async def resolve_exception(
    conn: Connection, principal: Principal, exception_id: UUID, note: str
) -> dict[str, Any]:
    """Settle an open exception with a person's note."""
    row = await conn.fetchrow(
        f"SELECT {COLUMNS} FROM exceptions WHERE exception_id = $1 FOR UPDATE",  # noqa: S608 - columns are a constant
        exception_id,
    )
    if row is None or not principal.may_use_store(row["store_id"]):
        raise not_found("exception", exception_id)
    if row["state"] != "open":
        raise Problem(409, "not-open", f"This exception is {row['state']} already.")
    settled = await conn.fetchrow(
        _RESOLVE,
        exception_id,
        principal.subject,
        note,
    )
    await audit.record(
        conn,
        principal,
        "resolve",
        "exception",
        str(exception_id),
        before={"state": "open"},
        after={"state": "resolved"},
        reason=note,
    )
    return dict(settled or row)
