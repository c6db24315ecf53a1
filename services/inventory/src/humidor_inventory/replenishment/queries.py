"""The statements of a review; each takes any number of stores and products at once."""

# LATERAL ... OFFSET 0: look each one up, see stock.service.
REVIEWED = """
SELECT l.*, a.*, r.*
FROM jsonb_array_elements($1::jsonb) WITH ORDINALITY k(e, n)
LEFT JOIN LATERAL (
    SELECT reorder_point_sticks, order_up_to_sticks, order_multiple_sticks, minimum_order_sticks, auto_approve
    FROM levels WHERE store_id = e->>0 AND gtin = e->>1 OFFSET 0) l ON true
LEFT JOIN LATERAL (
    SELECT alert_id, suggestion_refused, o.awaited AS alert_ordered
    FROM alerts LEFT JOIN purchase_orders o USING (purchase_order_id)
    WHERE alerts.store_id = e->>0 AND kind = 'below_reorder_point' AND subject = e->>1
      AND alerts.closed_at IS NULL OFFSET 0) a ON true
LEFT JOIN LATERAL (
    SELECT replenishment_id, quantity_sticks
    FROM replenishments WHERE store_id = e->>0 AND gtin = e->>1 AND state = 'open' OFFSET 0) r ON true
ORDER BY k.n
"""
OPEN_SUGGESTIONS = """
INSERT INTO replenishments (replenishment_id, alert_id, store_id, gtin, on_hand_sticks, reserved_sticks,
                            on_order_sticks, reorder_point_sticks, order_up_to_sticks, order_multiple_sticks,
                            minimum_order_sticks, quantity_sticks, state, formula, created_at, updated_at)
SELECT s.*, 'open', $13, $14, $14
FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::bigint[],
            $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[]) s
"""
CHANGE_SUGGESTIONS = """
UPDATE replenishments r
SET on_hand_sticks = s.on_hand, reserved_sticks = s.reserved, on_order_sticks = s.on_order,
    reorder_point_sticks = s.reorder_point, order_up_to_sticks = s.order_up_to,
    order_multiple_sticks = s.multiple, minimum_order_sticks = s.minimum, quantity_sticks = s.quantity,
    formula = $13, updated_at = $14
FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::bigint[],
            $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[])
    s(id, alert_id, store_id, gtin, on_hand, reserved, on_order, reorder_point, order_up_to, multiple,
      minimum, quantity)
WHERE r.replenishment_id = s.id
"""
WITHDRAW_SUGGESTIONS = """
UPDATE replenishments SET state = 'withdrawn', updated_at = $2, decided_reason = 'no longer needed'
WHERE replenishment_id = ANY($1::uuid[])
"""
