"""The statements that place orders; each takes any number of orders and lines at once."""

# What a line of an order `o` takes of a cap or a limited supply: what was given up came to nothing.
TAKEN_STICKS = """
CASE WHEN o.state IN ('cancelled', 'rejected') THEN l.received_sticks ELSE l.ordered_sticks END
"""
# LATERAL ... OFFSET 0: look each one up, see stock.service. The price is the supplier's for that quantity
# on the store's day, or else what the product costs by its own record.
DEFAULTS = """
SELECT k.n, p.supplier_id, coalesce(p.lead_time_days, s.planned_lead_time_days) AS lead_days,
       coalesce(t.day, ($2::timestamptz AT TIME ZONE 'UTC')::date) AS day,
       coalesce(l.price_minor, p.cost_price_per_pack) AS price_minor,
       CASE WHEN l.price_minor IS NULL THEN 'pack' ELSE l.unit END AS price_unit,
       CASE WHEN l.price_minor IS NOT NULL THEN 'price_list'
            WHEN p.cost_price_per_pack IS NOT NULL THEN 'cost_price' END AS price_source,
       CASE WHEN l.price_minor IS NULL THEN p.currency ELSE l.currency END AS currency,
       p.sticks_per_pack, p.packs_per_carton, p.cartons_per_case
FROM jsonb_array_elements($1::jsonb) WITH ORDINALITY k(e, n)
JOIN products p ON p.gtin = e->>2
LEFT JOIN suppliers s ON s.supplier_id = coalesce(e->>1, p.supplier_id)
LEFT JOIN LATERAL (
    SELECT ($2::timestamptz AT TIME ZONE time_zone)::date AS day FROM stores
    WHERE store_id = e->>0 OFFSET 0) t ON true
LEFT JOIN LATERAL (
    SELECT price_minor, unit, currency FROM supplier_prices
    WHERE supplier_id = coalesce(e->>1, p.supplier_id) AND gtin = e->>2 AND minimum_sticks <= (e->>3)::bigint
      AND valid_from <= coalesce(t.day, ($2::timestamptz AT TIME ZONE 'UTC')::date)
      AND (valid_until IS NULL OR valid_until >= coalesce(t.day, ($2::timestamptz AT TIME ZONE 'UTC')::date))
    ORDER BY valid_from DESC, minimum_sticks DESC LIMIT 1) l ON true
ORDER BY k.n
"""
ORDERS = """
INSERT INTO purchase_orders (purchase_order_id, store_id, supplier_id, expected_on, origin, plan_id, currency,
                             value_minor, note, state, created_by, created_at, approved_by, placed_at)
SELECT (e->>0)::uuid, e->>1, e->>2, (e->>3)::date, e->>4, (e->>5)::uuid, e->>6, (e->>7)::bigint, e->>8, $2,
       $3, $4, CASE WHEN $2 = 'placed' THEN $3 END, CASE WHEN $2 = 'placed' THEN $4::timestamptz END
FROM jsonb_array_elements($1::jsonb) e
"""
LINES = """
INSERT INTO purchase_order_lines (purchase_order_id, gtin, ordered_sticks, requested_sticks, price_minor,
                                  price_unit, price_source, value_minor)
SELECT (e->>0)::uuid, e->>1, (e->>2)::bigint, (e->>2)::bigint, (e->>3)::bigint, e->>4, e->>5, (e->>6)::bigint
FROM jsonb_array_elements($1::jsonb) e
"""
HISTORY = """
INSERT INTO purchase_order_history (purchase_order_id, action, state, actor, at, reason, changes)
SELECT (e->>0)::uuid, e->>1, e->>2, $2, $3, e->>3, nullif(e->4, 'null')
FROM jsonb_array_elements($1::jsonb) e
"""
APPROVE_SUGGESTIONS = """
WITH approved AS (
    UPDATE replenishments r SET state = 'approved', purchase_order_id = k.order_id, decided_by = $3,
                                updated_at = $4
    FROM unnest($1::uuid[], $2::uuid[]) k(id, order_id) WHERE r.replenishment_id = k.id
    RETURNING r.alert_id, k.order_id)
UPDATE alerts a SET state = 'ordered', purchase_order_id = d.order_id
FROM approved d WHERE a.alert_id = d.alert_id AND a.closed_at IS NULL
"""
COUNT_PLACED = """
INSERT INTO supplier_months AS m (supplier_id, month, store_id, orders_placed)
SELECT e->>0, (e->>1)::date, e->>2, (e->>3)::bigint FROM jsonb_array_elements($1::jsonb) e
ON CONFLICT (supplier_id, month, store_id) DO UPDATE
SET orders_placed = m.orders_placed + excluded.orders_placed
"""
