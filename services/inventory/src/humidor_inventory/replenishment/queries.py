"""The statements of a review; each takes any number of stores and products at once."""

from humidor_inventory.orders.queries import TAKEN_STICKS

# LATERAL ... OFFSET 0: look each one up, see stock.service.
REVIEWED = f"""
SELECT v.*, c.*, a.*, r.*
FROM jsonb_array_elements($1::jsonb) WITH ORDINALITY k(e, n)
LEFT JOIN LATERAL (
    SELECT reorder_point_sticks, order_up_to_sticks, order_multiple_sticks, minimum_order_sticks,
           auto_approve, supply_cap_sticks, cap_days
    FROM levels WHERE store_id = e->>0 AND gtin = e->>1 OFFSET 0) v ON true
LEFT JOIN LATERAL (
    SELECT sum({TAKEN_STICKS})::bigint AS capped_sticks
    FROM purchase_orders o JOIN purchase_order_lines l USING (purchase_order_id)
    WHERE v.supply_cap_sticks IS NOT NULL AND v.cap_days > 0
      AND o.store_id = e->>0 AND l.gtin = e->>1
      AND o.placed_at > $2::timestamptz - make_interval(days => v.cap_days)
    OFFSET 0) c ON true
LEFT JOIN LATERAL (
    SELECT alert_id, suggestion_refused, o.awaited AS alert_ordered
    FROM alerts LEFT JOIN purchase_orders o USING (purchase_order_id)
    WHERE alerts.store_id = e->>0 AND kind = 'below_reorder_point' AND subject = e->>1
      AND alerts.closed_at IS NULL OFFSET 0) a ON true
LEFT JOIN LATERAL (
    SELECT replenishment_id, quantity_sticks, shortfall_sticks
    FROM replenishments WHERE store_id = e->>0 AND gtin = e->>1 AND state = 'open' OFFSET 0) r ON true
ORDER BY k.n
"""  # noqa: S608 - made of constants
OPEN_SUGGESTIONS = """
INSERT INTO replenishments (replenishment_id, alert_id, store_id, gtin, on_hand_sticks, reserved_sticks,
                            on_order_sticks, reorder_point_sticks, order_up_to_sticks, order_multiple_sticks,
                            minimum_order_sticks, supply_cap_sticks, shortfall_sticks, quantity_sticks, state,
                            formula, created_at, updated_at)
SELECT s.*, 'open', $15, $16, $16
FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::bigint[],
            $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[], $13::bigint[],
            $14::bigint[]) s
"""
CHANGE_SUGGESTIONS = """
UPDATE replenishments r
SET on_hand_sticks = s.on_hand, reserved_sticks = s.reserved, on_order_sticks = s.on_order,
    reorder_point_sticks = s.reorder_point, order_up_to_sticks = s.order_up_to,
    order_multiple_sticks = s.multiple, minimum_order_sticks = s.minimum, supply_cap_sticks = s.cap,
    shortfall_sticks = s.shortfall, quantity_sticks = s.quantity, formula = $15, updated_at = $16
FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::bigint[],
            $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[], $13::bigint[],
            $14::bigint[])
    s(id, alert_id, store_id, gtin, on_hand, reserved, on_order, reorder_point, order_up_to, multiple,
      minimum, cap, shortfall, quantity)
WHERE r.replenishment_id = s.id
"""
WITHDRAW_SUGGESTIONS = """
UPDATE replenishments SET state = 'withdrawn', updated_at = $2, decided_reason = 'no longer needed'
WHERE replenishment_id = ANY($1::uuid[])
"""
