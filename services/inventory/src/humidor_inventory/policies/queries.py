"""SQL of stored policies."""

READ = "SELECT store_id, gtin, parameters, answer, version, changed_at, calculated_at FROM policies "
LIST = """
SELECT store_id, gtin, answer->>'policy' AS policy, answer->>'unit' AS unit,
       (answer->>'reorder_point')::bigint AS reorder_point, (answer->>'order_up_to')::bigint AS order_up_to,
       (answer->>'order_quantity')::bigint AS order_quantity, version, changed_at, calculated_at
FROM policies
WHERE (store_id, gtin) > ($1, $2) AND ($3::text[] IS NULL OR store_id = ANY($3))
  AND ($4::text IS NULL OR gtin = $4) AND ($5::text IS NULL OR answer->>'policy' = $5)
ORDER BY store_id, gtin LIMIT $6
"""
WRITE = """
INSERT INTO policies (store_id, gtin, parameters, answer, version, changed_at, calculated_at)
VALUES ($1, $2, $3, $4, $5, $6, $6)
ON CONFLICT (store_id, gtin) DO UPDATE SET
    parameters = excluded.parameters, answer = excluded.answer, version = excluded.version,
    changed_at = excluded.changed_at, calculated_at = excluded.calculated_at
"""
# Only what nobody has changed since it was read for the calculation; its tag changes with its figures.
REFRESH = """
UPDATE policies SET answer = e->'answer', calculated_at = $3,
    version = version + CASE WHEN answer = e->'answer' THEN 0 ELSE 1 END
FROM jsonb_array_elements($1::jsonb) e
WHERE store_id = $2 AND gtin = e->>'gtin' AND version = (e->>'version')::integer
RETURNING gtin
"""
KNOWN = """
SELECT p.gtin, coalesce(p.lead_time_days, s.planned_lead_time_days) AS lead_time_days, p.order_multiple_packs,
       p.shelf_life_days, p.sticks_per_pack, p.packs_per_carton, p.cartons_per_case
FROM products p LEFT JOIN suppliers s USING (supplier_id) WHERE p.gtin = ANY($1::text[])
"""
