"""SQL of stored policies."""

READ = """
SELECT store_id, gtin, parameters, answer, origin, refusal, version, changed_at, calculated_at FROM policies
"""
# LATERAL ... OFFSET 0: look each one up, see stock.service.
READ_PAIRS = """
SELECT p.* FROM jsonb_array_elements($1::jsonb) e CROSS JOIN LATERAL (
    SELECT store_id, gtin, parameters, version, calculated_at
    FROM policies WHERE store_id = e->>0 AND gtin = e->>1 OFFSET 0) p
"""
# What a policy rests on already needs no calculation, so reading a topic again sets no level back.
OUTDATED = """
SELECT e->>0 AS store_id, e->>1 AS gtin FROM jsonb_array_elements($1::jsonb) e CROSS JOIN LATERAL (
    SELECT f.issued_at, p.origin FROM policies p JOIN forecasts f USING (store_id, gtin)
    WHERE p.store_id = e->>0 AND p.gtin = e->>1 AND p.demand_source = 'forecast' OFFSET 0) k
WHERE k.origin IS NULL OR (k.origin->>'issued_at')::timestamptz < k.issued_at
"""
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
INSERT INTO policies (store_id, gtin, parameters, answer, version, changed_at, calculated_at, demand_source,
                      origin)
VALUES ($1, $2, $3, $4, $5, $6, $6, $7, $8)
ON CONFLICT (store_id, gtin) DO UPDATE SET
    parameters = excluded.parameters, answer = excluded.answer, version = excluded.version,
    changed_at = excluded.changed_at, calculated_at = excluded.calculated_at,
    demand_source = excluded.demand_source, origin = excluded.origin, refusal = NULL
"""
# Only what nobody has changed or calculated since it was read; its tag changes with its figures.
REFRESH = """
UPDATE policies p SET answer = e->'answer', origin = nullif(e->'origin', 'null'), refusal = NULL,
    calculated_at = greatest($2, p.calculated_at + interval '1 us'),
    version = p.version + CASE WHEN p.answer = e->'answer' THEN 0 ELSE 1 END
FROM jsonb_array_elements($1::jsonb) e
WHERE p.store_id = e->>'store_id' AND p.gtin = e->>'gtin' AND p.version = (e->>'version')::integer
  AND p.calculated_at = (e->>'calculated_at')::timestamptz
RETURNING p.store_id, p.gtin
"""
REFUSE = """
UPDATE policies p SET refusal = e->2 FROM jsonb_array_elements($1::jsonb) e
WHERE p.store_id = e->>0 AND p.gtin = e->>1 AND p.refusal IS DISTINCT FROM e->2
"""
ASK = """
INSERT INTO recalculations (gtin, reason, asked_at)
SELECT p.gtin, $3, $4 FROM products p
WHERE (p.gtin = ANY($1::text[]) OR p.supplier_id = ANY($2::text[]))
  AND EXISTS (SELECT FROM policies WHERE gtin = p.gtin) ORDER BY p.gtin
ON CONFLICT (gtin) DO UPDATE
SET reason = excluded.reason, after_store_id = '',
    asked_at = greatest(excluded.asked_at, recalculations.asked_at + interval '1 us')
"""
DUE = "SELECT gtin, asked_at, after_store_id FROM recalculations ORDER BY asked_at LIMIT 20"
DUE_POLICIES = (
    "SELECT store_id, gtin FROM policies WHERE gtin = $1 AND store_id > $2 ORDER BY store_id LIMIT $3"
)
ADVANCE = "UPDATE recalculations SET after_store_id = $3 WHERE gtin = $1 AND asked_at = $2"
DONE = "DELETE FROM recalculations WHERE gtin = $1 AND asked_at = $2"
KNOWN = """
SELECT p.gtin, coalesce(p.lead_time_days, s.planned_lead_time_days) AS lead_time_days, p.order_multiple_packs,
       CASE WHEN p.lead_time_days IS NULL AND s.lead_time_source = 'measured'
            THEN s.measured_lead_time_sd_days END AS lead_time_sd_days,
       p.shelf_life_days, p.sticks_per_pack, p.packs_per_carton, p.cartons_per_case
FROM products p LEFT JOIN suppliers s USING (supplier_id) WHERE p.gtin = ANY($1::text[])
"""
