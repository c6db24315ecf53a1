"""The one statement that writes any number of sales with all that belongs to them."""

from collections.abc import Sequence
from datetime import datetime
from itertools import chain
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from humidor_pos.exceptions.service import DoubtRow
from humidor_pos.facts.outcomes import Identity

# The event holds all that a sale's rows hold, so the rows are taken out of it here: laid out as columns by
# the process they would be encoded twice, and the driver spends more on the elements of arrays than the
# server on a document. Sales whose id is taken fall out of `fresh` and thereby out of everything else; the
# caller finds out which by what comes back. The ids must be distinct: joined back to a repeated id, lines
# would be written twice.
WRITE_SALES = """
WITH incoming AS MATERIALIZED (
    SELECT convert_from(i.payload, 'UTF8')::jsonb AS e, i.*
      FROM unnest($1::bytea[], $2::bytea[], $3::text[], $4::text[], $5::text[]) WITH ORDINALITY
           AS i(payload, body_hash, event_id, traceparent, lines, at)
), sold AS MATERIALIZED (
    SELECT e, payload, body_hash, event_id, traceparent, lines, at, e->>'store_id' AS store_id,
           (e->>'sale_id')::uuid AS sale_id, (e->>'sold_at')::timestamptz AS sold_at,
           (e->>'recorded_at')::timestamptz AS recorded_at
      FROM incoming
), fresh AS (
    INSERT INTO fact_ids (store_id, fact_id, kind, happened_at, body_hash, exceptions)
    SELECT store_id, sale_id, 'sale', sold_at, body_hash, NULL FROM sold
    ON CONFLICT DO NOTHING RETURNING store_id, fact_id
), taken AS MATERIALIZED (
    SELECT s.* FROM sold s JOIN fresh f ON f.fact_id = s.sale_id AND f.store_id = s.store_id
), new_sales AS (
    INSERT INTO sales (store_id, sold_at, sale_id, terminal_id, recorded_at, currency, total, payments,
                       member_id, age_check)
    SELECT store_id, sold_at, sale_id, e->>'terminal_id', recorded_at, e->>'currency', (e->>'total')::bigint,
           e->'payments', e->>'member_id', nullif(e->'age_check', 'null') FROM taken
), new_lines AS (
    INSERT INTO sale_lines (store_id, sold_at, sale_id, line, gtin, quantity, unit, unit_price, lot, code,
                            carton)
    SELECT t.store_id, t.sold_at, t.sale_id, l.*
      FROM taken t, jsonb_to_recordset(coalesce(nullif(t.lines, '')::jsonb, t.e->'lines'))
           AS l(line integer, gtin text, quantity integer, unit text, unit_price bigint, lot text, code text,
                carton jsonb)
), events AS (
    INSERT INTO outbox (event_id, type, topic, key, subject, time, traceparent, payload)
    SELECT event_id::uuid, $6, $7, store_id, sale_id::text, recorded_at, nullif(traceparent, ''), payload
      FROM taken ORDER BY at
)
SELECT store_id, fact_id FROM fresh
"""

# Most groups have nothing odd in them and need not pay for ten more arrays.
_CODES = "ARRAY(SELECT jsonb_array_elements_text(e->'exceptions'))"
WRITE_ODD_SALES = WRITE_SALES.replace(
    "body_hash, NULL FROM", f"body_hash, nullif({_CODES}, '{{}}') FROM"
).replace(
    "), events AS (",
    """), new_exceptions AS (
    INSERT INTO exceptions (store_id, exception_id, kind, fact_id, happened_at, code, detail, lines, gtin,
                            raised_at)
    SELECT d.store_id, d.exception_id, d.kind, d.fact_id, d.happened_at, d.code, d.detail,
           string_to_array(d.lines, ',')::int[], d.gtin, d.raised_at
      FROM unnest($8::text[], $9::uuid[], $10::text[], $11::uuid[], $12::timestamptz[], $13::text[],
                  $14::text[], $15::text[], $16::text[], $17::timestamptz[])
           AS d(store_id, exception_id, kind, fact_id, happened_at, code, detail, lines, gtin, raised_at)
      JOIN fresh f ON f.fact_id = d.fact_id AND f.store_id = d.store_id
), events AS (""",
)


class PreparedSale(msgspec.Struct):
    """A sale judged and ready to be stored.

    `lines` is a document of them where they hold more than the event tells (what a carton's code says), and
    empty otherwise; `late_for_closing` is set where its day was closed before it came.
    """

    identity: Identity
    store_id: str
    sale_id: UUID
    sold_at: datetime
    terminal_id: str
    body_hash: bytes
    exceptions: tuple[str, ...]
    event_id: str
    payload: bytes
    lines: str
    traceparent: str
    doubt_rows: list[DoubtRow]
    late_for_closing: bool


class EventColumns(NamedTuple):
    """What is the same for every event of the statement."""

    type: str
    topic: str


def statement(sales: Sequence[PreparedSale], event: EventColumns) -> tuple[str, list[Any]]:
    """Turn the rows into a statement and its columns."""
    rows = [(sale.payload, sale.body_hash, sale.event_id, sale.traceparent, sale.lines) for sale in sales]
    columns = [*zip(*rows, strict=True), event.type, event.topic]
    doubts = list(chain.from_iterable(sale.doubt_rows for sale in sales))
    if not doubts:
        return WRITE_SALES, columns
    return WRITE_ODD_SALES, [*columns, *zip(*doubts, strict=True)]
