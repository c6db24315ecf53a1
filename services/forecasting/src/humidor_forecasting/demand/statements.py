"""Statements that write days of demand."""

_THREADS = "unnest($1::text[], $2::uuid[]) AS t(store_id, thread_id)"
_CELLS = "unnest($1::text[], $2::text[], $3::date[]) AS c(store_id, gtin, day)"
_PAIRS = "unnest($1::text[], $2::text[]) AS p(store_id, gtin)"

ADD_LINES = """
INSERT INTO demand_lines (store_id, thread_id, document_id, gtin, unit, kind, attempt, occurred_at, day,
                          quantity, cut_quantity, amount_minor, currency)
SELECT n.store_id, n.thread_id, n.document_id, n.gtin, n.unit, n.kind, n.attempt, n.occurred_at,
       (n.occurred_at AT TIME ZONE coalesce(s.time_zone, 'UTC'))::date,
       n.quantity, n.cut_quantity, n.amount_minor, n.currency
FROM unnest($1::text[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::int[],
            $8::timestamptz[], $9::bigint[], $10::bigint[], $11::numeric[], $12::text[])
     AS n(store_id, thread_id, document_id, gtin, unit, kind, attempt, occurred_at, quantity, cut_quantity,
          amount_minor, currency)
LEFT JOIN stores s USING (store_id)
WHERE n.kind <> 'order' OR NOT EXISTS (
    SELECT FROM demand_lines l
    WHERE (l.store_id, l.thread_id) = (n.store_id, n.thread_id) AND l.attempt > n.attempt)
ON CONFLICT (store_id, thread_id, document_id, gtin, unit) DO UPDATE
SET attempt = excluded.attempt, occurred_at = excluded.occurred_at, day = excluded.day,
    quantity = excluded.quantity, cut_quantity = excluded.cut_quantity, amount_minor = excluded.amount_minor
WHERE demand_lines.attempt < excluded.attempt
"""
# An order that is confirmed again may leave products out.
DROP_OLD_ATTEMPTS = f"""
DELETE FROM demand_lines l USING {_THREADS}
WHERE (l.store_id, l.thread_id) = (t.store_id, t.thread_id) AND l.kind = 'order' AND l.attempt < (
    SELECT max(o.attempt) FROM demand_lines o WHERE (o.store_id, o.thread_id) = (t.store_id, t.thread_id))
"""  # noqa: S608 - our own text
WITHDRAW = """
INSERT INTO withdrawals (store_id, thread_id, attempt)
SELECT store_id, thread_id, max(attempt)
FROM unnest($1::text[], $2::uuid[], $3::int[]) AS w(store_id, thread_id, attempt) GROUP BY 1, 2 ORDER BY 1, 2
ON CONFLICT (store_id, thread_id) DO UPDATE SET attempt = greatest(withdrawals.attempt, excluded.attempt)
"""
KEEP_STOCK_OUTS = """
INSERT INTO stock_outs (alert_id, store_id, gtin, raised_at, closed_at)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::timestamptz[], $5::timestamptz[]) ORDER BY 1
ON CONFLICT (alert_id) DO UPDATE SET closed_at = coalesce(stock_outs.closed_at, excluded.closed_at)
"""
UNITS = "SELECT unit_gtin, gtin, unit FROM product_units WHERE unit_gtin = ANY($1::text[])"

CELLS_OF_THREADS = f"""
SELECT DISTINCT l.store_id, l.gtin, l.day FROM {_THREADS} JOIN demand_lines l USING (store_id, thread_id)
"""  # noqa: S608 - our own text
CELLS_OF_PRODUCTS = "SELECT DISTINCT store_id, gtin, day FROM demand_lines WHERE gtin = ANY($1::text[])"
THREADS_OF_STORES = "SELECT DISTINCT store_id, thread_id FROM demand_lines WHERE store_id = ANY($1::text[])"
SET_DAYS = f"""
UPDATE demand_lines l SET day = f.day
FROM (
    SELECT l.store_id, l.thread_id,
           (coalesce(min(l.occurred_at) FILTER (WHERE l.kind <> 'return'), min(l.occurred_at))
            AT TIME ZONE coalesce(max(s.time_zone), 'UTC'))::date AS day
    FROM {_THREADS} JOIN demand_lines l USING (store_id, thread_id) LEFT JOIN stores s USING (store_id)
    GROUP BY 1, 2) f
WHERE (l.store_id, l.thread_id) = (f.store_id, f.thread_id) AND l.day <> f.day
"""  # noqa: S608 - our own text

# Per thread first: more than was sold cannot come back from it, and a return alone counts against its day.
REFRESH = f"""
WITH threads AS (
    SELECT c.store_id, c.gtin, c.day, l.thread_id,
           bool_or(l.kind = 'sale') AS sale_seen,
           coalesce(sum(n.sticks) FILTER (WHERE l.kind = 'sale'), 0) AS sold,
           coalesce(sum(n.sticks) FILTER (WHERE l.kind = 'return'), 0) AS returned,
           coalesce(sum(n.sticks) FILTER (WHERE l.kind = 'order'), 0) AS requested,
           coalesce(sum(l.cut_quantity), 0) AS cut,
           coalesce(sum(CASE l.kind WHEN 'return' THEN -l.amount_minor ELSE l.amount_minor END), 0) AS amount,
           max(l.currency) AS currency
    FROM {_CELLS}
    JOIN demand_lines l USING (store_id, gtin, day)
    JOIN products p USING (gtin)
    CROSS JOIN LATERAL (SELECT l.quantity * CASE l.unit
        WHEN 'stick' THEN 1 WHEN 'pack' THEN p.sticks_per_pack
        WHEN 'carton' THEN p.sticks_per_pack * p.packs_per_carton
        ELSE p.sticks_per_pack::bigint * p.packs_per_carton * p.cartons_per_case END AS sticks) n
    WHERE NOT EXISTS (
        SELECT FROM withdrawals w
        WHERE (w.store_id, w.thread_id) = (l.store_id, l.thread_id) AND w.attempt >= l.attempt)
    GROUP BY 1, 2, 3, 4),
cells AS (
    SELECT store_id, gtin, day,
           sum(CASE WHEN sale_seen THEN greatest(sold - returned, 0) ELSE -returned END) AS sold,
           sum(requested) AS requested, sum(cut) AS cut, sum(amount) AS amount, max(currency) AS currency
    FROM threads GROUP BY 1, 2, 3)
INSERT INTO demand_days AS d (store_id, gtin, day, sold_sticks, requested_sticks, cut_sticks, amount_minor,
                              currency)
SELECT c.store_id, c.gtin, c.day, coalesce(k.sold, 0), coalesce(k.requested, 0), coalesce(k.cut, 0),
       coalesce(k.amount, 0), k.currency
FROM {_CELLS} JOIN products p USING (gtin) LEFT JOIN cells k USING (store_id, gtin, day)
ORDER BY 1, 2, 3
ON CONFLICT (store_id, gtin, day) DO UPDATE
SET sold_sticks = excluded.sold_sticks, requested_sticks = excluded.requested_sticks,
    cut_sticks = excluded.cut_sticks, amount_minor = excluded.amount_minor, currency = excluded.currency
"""  # noqa: S608 - our own text
DROP_EMPTY = f"""
DELETE FROM demand_days d USING {_CELLS}
WHERE (d.store_id, d.gtin, d.day) = (c.store_id, c.gtin, c.day) AND NOT EXISTS (
    SELECT FROM demand_lines l WHERE (l.store_id, l.gtin, l.day) = (c.store_id, c.gtin, c.day))
"""  # noqa: S608 - our own text
REFRESH_SERIES = f"""
INSERT INTO demand_series AS s (store_id, gtin, first_day, last_day, changed_at)
SELECT p.store_id, p.gtin, f.day, l.day, now()
FROM {_PAIRS}
CROSS JOIN LATERAL (SELECT day FROM demand_days d WHERE (d.store_id, d.gtin) = (p.store_id, p.gtin)
                    ORDER BY day LIMIT 1) f
CROSS JOIN LATERAL (SELECT day FROM demand_days d WHERE (d.store_id, d.gtin) = (p.store_id, p.gtin)
                    ORDER BY day DESC LIMIT 1) l
ORDER BY 1, 2
ON CONFLICT (store_id, gtin) DO UPDATE
SET first_day = excluded.first_day, last_day = excluded.last_day, changed_at = excluded.changed_at
"""  # noqa: S608 - our own text
DROP_SERIES = f"""
DELETE FROM demand_series s USING {_PAIRS}
WHERE (s.store_id, s.gtin) = (p.store_id, p.gtin) AND NOT EXISTS (
    SELECT FROM demand_days d WHERE (d.store_id, d.gtin) = (p.store_id, p.gtin))
"""  # noqa: S608 - our own text
