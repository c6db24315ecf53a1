"""The one statement that writes any number of sales with all that belongs to them."""

from collections.abc import Sequence
from datetime import datetime
from itertools import chain
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from humidor_pos.exceptions.service import DoubtRow
from humidor_pos.facts.outcomes import Identity

# Sales whose id is taken fall out of `fresh` and thereby out of everything else; the caller finds out which
# by what comes back. The ids must be distinct: joined back to a repeated id, lines would be written twice.
# Lines come as one document for each sale: taken apart here they cost half of what arrays of them cost there.
WRITE_SALES = """
WITH incoming AS MATERIALIZED (
    SELECT * FROM unnest($1::text[], $2::uuid[], $3::timestamptz[], $4::bytea[], $5::text[], $6::text[],
        $7::timestamptz[], $8::text[], $9::bigint[], $10::text[], $11::text[], $12::text[], $13::text[],
        $14::uuid[], $15::text[], $16::bytea[]) WITH ORDINALITY
    AS i(store_id, sale_id, sold_at, body_hash, exceptions, terminal_id, recorded_at, currency, total,
         payments, member_id, age_check, lines, event_id, traceparent, payload, at)
), fresh AS (
    INSERT INTO fact_ids (store_id, fact_id, kind, happened_at, body_hash, exceptions)
    SELECT store_id, sale_id, 'sale', sold_at, body_hash, string_to_array(exceptions, ',') FROM incoming
    ON CONFLICT DO NOTHING RETURNING store_id, fact_id
), taken AS MATERIALIZED (
    SELECT i.* FROM incoming i JOIN fresh f ON f.fact_id = i.sale_id AND f.store_id = i.store_id
), new_sales AS (
    INSERT INTO sales (store_id, sold_at, sale_id, terminal_id, recorded_at, currency, total, payments,
                       member_id, age_check)
    SELECT store_id, sold_at, sale_id, terminal_id, recorded_at, currency, total, payments::jsonb, member_id,
           age_check::jsonb FROM taken
), new_lines AS (
    INSERT INTO sale_lines (store_id, sold_at, sale_id, line, gtin, quantity, unit, unit_price, lot, code,
                            carton)
    SELECT t.store_id, t.sold_at, t.sale_id, l.*
      FROM taken t, json_to_recordset(t.lines::json)
           AS l(line integer, gtin text, quantity integer, unit text, unit_price bigint, lot text, code text,
                carton jsonb)
), events AS (
    INSERT INTO outbox (event_id, type, topic, key, subject, time, traceparent, payload)
    SELECT event_id, $17, $18, store_id, sale_id::text, recorded_at, traceparent, payload
      FROM taken ORDER BY at
)
SELECT store_id, fact_id FROM fresh
"""

# Most groups have nothing odd in them and need not pay for ten more arrays.
WRITE_ODD_SALES = WRITE_SALES.replace(
    "), events AS (",
    """), new_exceptions AS (
    INSERT INTO exceptions (store_id, exception_id, kind, fact_id, happened_at, code, detail, lines, gtin,
                            raised_at)
    SELECT d.store_id, d.exception_id, d.kind, d.fact_id, d.happened_at, d.code, d.detail,
           string_to_array(d.lines, ',')::int[], d.gtin, d.raised_at
      FROM unnest($19::text[], $20::uuid[], $21::text[], $22::uuid[], $23::timestamptz[], $24::text[],
                  $25::text[], $26::text[], $27::text[], $28::timestamptz[])
           AS d(store_id, exception_id, kind, fact_id, happened_at, code, detail, lines, gtin, raised_at)
      JOIN fresh f ON f.fact_id = d.fact_id AND f.store_id = d.store_id
), events AS (""",
)

SaleRow = tuple[
    str,
    UUID,
    datetime,
    bytes,
    str | None,
    str,
    datetime,
    str,
    int,
    str,
    str | None,
    str | None,
    str,
    UUID,
    str | None,
    bytes,
]


class PreparedSale(msgspec.Struct):
    """A sale judged and laid out as rows; `late_for_closing` where its day was closed before it came."""

    identity: Identity
    store_id: str
    sale_id: UUID
    body_hash: bytes
    exceptions: tuple[str, ...]
    row: SaleRow
    doubt_rows: list[DoubtRow]
    late_for_closing: bool


class EventColumns(NamedTuple):
    """What is the same for every event of the statement."""

    type: str
    topic: str


def statement(sales: Sequence[PreparedSale], event: EventColumns) -> tuple[str, list[Any]]:
    """Turn the rows into a statement and its columns."""
    columns = [*zip(*[sale.row for sale in sales], strict=True), event.type, event.topic]
    doubts = list(chain.from_iterable(sale.doubt_rows for sale in sales))
    if not doubts:
        return WRITE_SALES, columns
    return WRITE_ODD_SALES, [*columns, *zip(*doubts, strict=True)]
