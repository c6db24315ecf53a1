"""The statements of plans; each takes a piece of the stores or products at once."""

from humidor_inventory.orders.queries import TAKEN_STICKS

TAKE_OPEN = """
SELECT * FROM plans WHERE state IN ('queued', 'running') ORDER BY changed_at LIMIT 1 FOR UPDATE SKIP LOCKED
"""
# The one that waited longest is next, so a plan in trouble lets the others pass.
STEP_BACK = "UPDATE plans SET changed_at = now() WHERE plan_id = $1"
FAIL = """
UPDATE plans SET state = 'failed', reason = $2, changed_at = now(), finished_at = now()
WHERE plan_id = $1 AND state IN ('queued', 'running')
"""
MOVE_ON = """
UPDATE plans SET state = 'running', step = $2, after_key = $3, stores_done = stores_done + $4,
                 series = series + $5, balances = $6, changed_at = $7
WHERE plan_id = $1
"""
SUMMARY = """
SELECT count(*) AS lines, count(DISTINCT (store_id, supplier_id)) FILTER (WHERE state = 'order') AS orders,
       coalesce(sum(order_sticks), 0)::bigint AS order_sticks,
       coalesce(sum(shortfall_sticks), 0)::bigint AS shortfall_sticks,
       coalesce(sum(greatest(transfer_sticks, 0)), 0)::bigint AS transfer_sticks,
       count(*) FILTER (WHERE state = 'postponed') AS postponed_lines,
       count(*) FILTER (WHERE state = 'short') AS short_lines
FROM plan_lines WHERE plan_id = $1
"""
FINISH = """
UPDATE plans SET state = 'calculated', step = 'done', summary = $2, changed_at = $3, finished_at = $3
WHERE plan_id = $1
"""
STORES = """
SELECT store_id, kind FROM stores
WHERE status = 'open' AND store_id > $1 AND ($2::text[] IS NULL OR store_id = ANY($2))
  AND ($3::text IS NULL OR time_zone = $3)
ORDER BY store_id LIMIT $4
"""
# What a stick is worth in an order: by the first step of the supplier's list, or else its cost price.
PRODUCTS = """
SELECT p.gtin, p.supplier_id, p.sticks_per_pack * p.packs_per_carton AS carton_sticks,
       coalesce(p.lead_time_days, s.planned_lead_time_days, 0)::float8 AS lead_time_days,
       coalesce(l.price_minor::float8 / CASE l.unit
                    WHEN 'stick' THEN 1 WHEN 'pack' THEN p.sticks_per_pack
                    WHEN 'carton' THEN p.sticks_per_pack * p.packs_per_carton
                    ELSE p.sticks_per_pack * p.packs_per_carton * p.cartons_per_case END,
                p.cost_price_per_pack::float8 / p.sticks_per_pack, 0) AS minor_per_stick,
       coalesce(l.currency, p.currency) AS currency
FROM products p LEFT JOIN suppliers s USING (supplier_id)
LEFT JOIN LATERAL (
    SELECT price_minor, unit, currency FROM supplier_prices
    WHERE supplier_id = p.supplier_id AND gtin = p.gtin AND valid_from <= $2
      AND (valid_until IS NULL OR valid_until >= $2)
    ORDER BY valid_from DESC, minimum_sticks LIMIT 1) l ON true
WHERE p.status = 'active' AND ($1::text[] IS NULL OR p.supplier_id = ANY($1))
"""
SERIES = """
SELECT l.store_id, l.gtin, coalesce(s.on_hand_sticks, 0) AS on_hand,
       coalesce(s.reserved_sticks, 0) AS reserved, coalesce(s.on_order_sticks, 0) AS on_order,
       l.reorder_point_sticks, l.order_up_to_sticks, l.order_multiple_sticks, l.minimum_order_sticks,
       l.supply_cap_sticks, l.cap_days, l.review_days, l.daily_sticks
FROM levels l LEFT JOIN stock s USING (store_id, gtin)
WHERE l.store_id = ANY($1::text[])
ORDER BY l.store_id, l.gtin
"""
# What lies in a warehouse that has no level of its own can all be spared.
UNLEVELLED = """
SELECT s.store_id, s.gtin, s.on_hand_sticks AS on_hand, s.reserved_sticks AS reserved,
       s.on_order_sticks AS on_order, -1::bigint AS reorder_point_sticks, 0::bigint AS order_up_to_sticks,
       1::bigint AS order_multiple_sticks, 0::bigint AS minimum_order_sticks,
       NULL::bigint AS supply_cap_sticks, 0 AS cap_days, 0 AS review_days, NULL::float8 AS daily_sticks
FROM stock s WHERE s.store_id = ANY($1::text[]) AND s.on_hand_sticks > 0
  AND NOT EXISTS (SELECT FROM levels l WHERE l.store_id = s.store_id AND l.gtin = s.gtin)
"""
CAPPED = f"""
SELECT k.n, c.ordered FROM jsonb_array_elements($1::jsonb) WITH ORDINALITY k(e, n)
CROSS JOIN LATERAL (
    SELECT sum({TAKEN_STICKS})::bigint AS ordered
    FROM purchase_orders o JOIN purchase_order_lines l USING (purchase_order_id)
    WHERE o.store_id = e->>0 AND l.gtin = e->>1
      AND (o.state = 'pending_approval'
           OR o.placed_at > $2::timestamptz - make_interval(days => (e->>2)::integer)) OFFSET 0) c
"""  # noqa: S608 - made of constants
REFUSED = """
SELECT store_id, gtin FROM alerts
WHERE store_id = ANY($1::text[]) AND kind = 'below_reorder_point' AND closed_at IS NULL AND suggestion_refused
"""
# Transfers that have not left and orders that wait for approval are in nobody's balances yet.
PLANNED = """
SELECT t.to_store_id AS store_id, l.gtin, sum(l.quantity_sticks)::bigint AS coming, 0::bigint AS leaving
FROM transfers t JOIN transfer_lines l USING (transfer_id)
WHERE t.state = 'planned' AND t.to_store_id = ANY($1::text[]) GROUP BY 1, 2
UNION ALL
SELECT t.from_store_id, l.gtin, 0, sum(l.quantity_sticks)::bigint
FROM transfers t JOIN transfer_lines l USING (transfer_id)
WHERE t.state = 'planned' AND t.from_store_id = ANY($1::text[]) GROUP BY 1, 2
UNION ALL
SELECT o.store_id, l.gtin, sum(l.ordered_sticks)::bigint, 0
FROM purchase_orders o JOIN purchase_order_lines l USING (purchase_order_id)
WHERE o.state = 'pending_approval' AND o.store_id = ANY($1::text[]) GROUP BY 1, 2
"""
EXPIRIES = """
SELECT k.n, x.expires_on FROM jsonb_array_elements($1::jsonb) WITH ORDINALITY k(e, n)
CROSS JOIN LATERAL (
    SELECT min(expiry_date) AS expires_on FROM lot_stock
    WHERE store_id = e->>0 AND gtin = e->>1 AND live AND NOT held AND on_hand_sticks > 0
      AND expiry_date >= $2 OFFSET 0) x
"""
# Those not calculated yet since the plan's day began in their store.
HISTORIES = """
SELECT p.store_id, p.gtin FROM policies p JOIN stores s USING (store_id)
WHERE p.demand_source = 'history' AND (p.store_id, p.gtin) > ($1, $2)
  AND p.calculated_at < $3::date::timestamp AT TIME ZONE s.time_zone
  AND $7 >= $3::date::timestamp AT TIME ZONE s.time_zone
  AND ($4::text[] IS NULL OR p.store_id = ANY($4)) AND ($5::text IS NULL OR s.time_zone = $5)
ORDER BY p.store_id, p.gtin LIMIT $6
"""
ADD_LINES = """
INSERT INTO plan_lines (plan_id, store_id, gtin, supplier_id, state, available_sticks, need_sticks,
                        surplus_sticks, transfer_sticks, order_sticks, shortfall_sticks, inputs, reasons)
SELECT $1, e->>0, e->>1, e->>2, e->>3, (e->>4)::bigint, (e->>5)::bigint, (e->>6)::bigint, (e->>7)::bigint,
       (e->>8)::bigint, (e->>9)::bigint, e->10, e->11
FROM jsonb_array_elements($2::jsonb) e
"""
LINES_OF_STORES = """
SELECT store_id, gtin, supplier_id, state, available_sticks, need_sticks, surplus_sticks, inputs,
       transfer_sticks, order_sticks, shortfall_sticks, reasons
FROM plan_lines WHERE plan_id = $1 AND store_id = ANY($2::text[]) ORDER BY store_id, gtin
"""
MOVABLE_LINES = """
SELECT store_id, gtin, supplier_id, state, available_sticks, need_sticks, surplus_sticks, inputs,
       transfer_sticks, order_sticks, shortfall_sticks, reasons
FROM plan_lines WHERE plan_id = $1 AND store_id = ANY($2::text[]) AND state <> 'spare' ORDER BY store_id, gtin
"""
LINES_OF_PRODUCTS = """
SELECT store_id, gtin, supplier_id, state, available_sticks, need_sticks, surplus_sticks, inputs,
       transfer_sticks, order_sticks, shortfall_sticks, reasons
FROM plan_lines WHERE plan_id = $1 AND gtin = ANY($2::text[]) ORDER BY gtin, store_id
"""
NEEDED = """
SELECT gtin, sum((inputs->>'allowed_sticks')::bigint)::bigint AS needed FROM plan_lines
WHERE plan_id = $1 AND gtin = ANY($2::text[]) AND need_sticks > 0 GROUP BY gtin
"""
CHANGE_LINES = """
UPDATE plan_lines l SET state = e->>2, transfer_sticks = (e->>3)::bigint, order_sticks = (e->>4)::bigint,
                        shortfall_sticks = (e->>5)::bigint, reasons = e->6
FROM jsonb_array_elements($2::jsonb) e
WHERE l.plan_id = $1 AND l.store_id = e->>0 AND l.gtin = e->>1
"""
DROP_SPARE = """
DELETE FROM plan_lines WHERE plan_id = $1 AND store_id = ANY($2::text[]) AND state = 'spare'
"""
ADD_TRANSFERS = """
INSERT INTO plan_transfers (plan_id, from_store_id, to_store_id, gtin, quantity_sticks, cost_minor,
                            instead_minor, state, reasons)
SELECT $1, e->>0, e->>1, e->>2, (e->>3)::bigint, (e->>4)::bigint, (e->>5)::bigint, 'proposed', e->6
FROM jsonb_array_elements($2::jsonb) e
"""

# What is placed of an approved plan.
TAKE_PLACING = """
SELECT plan_id, day, requested_by FROM plans WHERE being_placed AND state = 'calculated'
ORDER BY plan_id LIMIT 1 FOR UPDATE SKIP LOCKED
"""
APPROVED_WAY = """
SELECT from_store_id, to_store_id, gtin, quantity_sticks, approved_by, dispatch FROM plan_transfers t
WHERE plan_id = $1 AND state = 'approved' AND (from_store_id, to_store_id, approved_by, dispatch) = (
    SELECT from_store_id, to_store_id, approved_by, dispatch FROM plan_transfers
    WHERE plan_id = $1 AND state = 'approved' ORDER BY 1, 2, 3, 4 LIMIT 1)
ORDER BY gtin LIMIT $2
"""
SETTLE_WAY = """
UPDATE plan_transfers SET state = $4, transfer_id = $5, reasons = reasons || coalesce($6, '[]'::jsonb)
WHERE plan_id = $1 AND from_store_id = $2 AND to_store_id = $3 AND gtin = ANY($7::text[])
"""
APPROVED_STORES = """
SELECT DISTINCT store_id FROM plan_lines WHERE plan_id = $1 AND state = 'approved' ORDER BY store_id LIMIT $2
"""
APPROVED_LINES = """
SELECT l.store_id, l.gtin, l.supplier_id, l.order_sticks, l.inputs, l.approved_by, l.approver_roles,
       r.replenishment_id, l.available_sticks + coalesce(m.moved, 0) AS planned_from
FROM plan_lines l
LEFT JOIN replenishments r ON r.store_id = l.store_id AND r.gtin = l.gtin AND r.state = 'open'
LEFT JOIN LATERAL (
    SELECT sum(x.quantity_sticks)::bigint AS moved FROM plan_transfers x JOIN transfers t USING (transfer_id)
    WHERE x.plan_id = l.plan_id AND x.to_store_id = l.store_id AND x.gtin = l.gtin
      AND t.state <> 'cancelled') m ON true
WHERE l.plan_id = $1 AND l.state = 'approved' AND l.store_id = ANY($2::text[])
ORDER BY l.store_id, l.supplier_id, l.approved_by, l.gtin
"""
SETTLE_LINES = """
UPDATE plan_lines l SET state = e->>2, order_sticks = (e->>3)::bigint, purchase_order_id = (e->>4)::uuid,
                        reasons = l.reasons || coalesce(nullif(e->5, 'null'), '[]')
FROM jsonb_array_elements($2::jsonb) e
WHERE l.plan_id = $1 AND l.store_id = e->>0 AND l.gtin = e->>1
"""
STOP_PLACING = "UPDATE plans SET being_placed = false, reason = $2 WHERE plan_id = $1"
