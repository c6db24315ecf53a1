"""Let a batch of sales be admitted, its stores locked and their books read in one trip to the database."""

from humidor_common.db.migrate import run_sql

revision = "0019"
down_revision = "0018"


# A function, because what is read must be read after the locks are there: each of its statements sees what
# was committed until it begins, where the parts of one statement would all see what was before the locks.
# LATERAL ... OFFSET 0 looks each key up, whatever the planner believes about the size of the tables.
OPEN_BOOKS = """
CREATE FUNCTION open_books(
    consumer_group text, event_ids uuid[], store_ids text[], catalogue bigint, threads jsonb, pairs jsonb,
    OUT new_ids uuid[], OUT documents text, OUT shelves text
) LANGUAGE plpgsql AS $$
BEGIN
    IF cardinality(event_ids) > 0 THEN
        PERFORM pg_advisory_xact_lock_shared(hashtextextended(consumer_group, 0));
        WITH admitted AS (
            INSERT INTO inbox (consumer, event_id) SELECT consumer_group, unnest(event_ids)
            ON CONFLICT DO NOTHING RETURNING event_id
        ) SELECT array_agg(event_id) INTO new_ids FROM admitted;
    END IF;
    PERFORM pg_advisory_xact_lock_shared(catalogue);
    PERFORM pg_advisory_xact_lock(k) FROM (
        SELECT DISTINCT hashtextextended(s, 7301002) AS k FROM unnest(store_ids) s ORDER BY k) keys;
    SELECT json_agg(json_build_array(d.store_id, d.thread_id, d.document_id, d.kind, d.restock, d.stated,
                                     d.moves, d.day) ORDER BY d.recorded_at)::text
      INTO documents
      FROM jsonb_array_elements(threads) e
      CROSS JOIN LATERAL (SELECT * FROM sale_documents
                           WHERE store_id = e->>0 AND thread_id = (e->>1)::uuid OFFSET 0) d;
    SELECT json_agg(json_build_array(s.stock, l.lots, t.time_zone, p.factors, p.currency) ORDER BY k.n)::text
      INTO shelves
      FROM jsonb_array_elements(pairs) WITH ORDINALITY k(e, n)
      LEFT JOIN LATERAL (
          SELECT json_build_array(on_hand_sticks, quarantined_sticks, reserved_sticks, on_order_sticks,
                                  reorder_point_sticks, alert_open, stock_out_open, negative_open) AS stock
            FROM stock WHERE store_id = e->>0 AND gtin = e->>1 OFFSET 0) s ON true
      LEFT JOIN LATERAL (
          SELECT json_agg(json_build_array(lot, on_hand_sticks, quarantined_sticks, expiry_date,
                                           production_date, received_at, held, on_hand_sticks > 0,
                                           expiry_date)) AS lots
            FROM lot_stock WHERE store_id = e->>0 AND gtin = e->>1 AND live OFFSET 0) l ON true
      LEFT JOIN LATERAL (SELECT time_zone FROM stores WHERE store_id = e->>0 OFFSET 0) t ON true
      LEFT JOIN LATERAL (
          SELECT json_build_array(sticks_per_pack, packs_per_carton, cartons_per_case) AS factors, currency
            FROM products WHERE gtin = e->>1 OFFSET 0) p ON true;
END$$;
"""


def upgrade() -> None:
    run_sql(OPEN_BOOKS)
