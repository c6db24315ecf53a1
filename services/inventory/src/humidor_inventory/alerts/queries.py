"""The statements by which alerts are opened, updated and closed; each takes any number at once."""

# The most specific rule wins: of the product before of the brand before of all, and within these of the
# store before of every store. LATERAL ... OFFSET 0: look each one up, see stock.service.
RULE_OF = """
LEFT JOIN LATERAL (SELECT brand FROM products WHERE gtin = {gtin} OFFSET 0) b ON true
LEFT JOIN LATERAL (
    SELECT enabled, severity, threshold_days, window_days, escalate_after_minutes, quiet
    FROM alert_rules
    WHERE kind = {kind} AND gtin IN ('', {gtin}) AND brand IN ('', b.brand) AND store_id IN ('', {store_id})
    ORDER BY gtin <> '' DESC, brand <> '' DESC, store_id <> '' DESC LIMIT 1) r ON true
"""
JUDGE = f"""
SELECT coalesce(r.enabled, true), r.severity, r.escalate_after_minutes, coalesce(r.quiet, false),
       r.enabled IS NOT NULL
FROM jsonb_array_elements($1::jsonb) WITH ORDINALITY k(e, n)
{RULE_OF.format(kind="e->>0", store_id="e->>1", gtin="e->>2")}
ORDER BY k.n
"""  # noqa: S608 - our own text

WRITE = """
INSERT INTO alerts AS a (alert_id, kind, store_id, subject, gtin, lot, severity, figures, on_hand_sticks,
                         reserved_sticks, on_order_sticks, reorder_point_sticks, escalate_at, quiet, state,
                         raised_at, updated_at)
SELECT (e->>0)::uuid, e->>1, e->>2, e->>3, e->>4, e->>5, e->>6, e->7, (e->7->>'on_hand_sticks')::bigint,
       (e->7->>'reserved_sticks')::bigint, (e->7->>'on_order_sticks')::bigint,
       (e->7->>'reorder_point_sticks')::bigint, (e->>8)::timestamptz, (e->>9)::boolean, 'open', $2, $2
FROM jsonb_array_elements($1::jsonb) e
ON CONFLICT (store_id, kind, subject) WHERE closed_at IS NULL DO UPDATE
SET figures = excluded.figures, severity = excluded.severity, updated_at = excluded.updated_at
WHERE (a.figures, a.severity) IS DISTINCT FROM (excluded.figures, excluded.severity)
RETURNING alert_id
"""
# `alert_open` and its like stand beside the balance, so that a sale sees what is open without a look here.
# One row of stock may have two alerts at once; an UPDATE takes a row just once, so they are gathered first.
FLAG = """
UPDATE stock s SET
    alert_open = CASE WHEN f.below THEN $2 ELSE s.alert_open END,
    stock_out_open = CASE WHEN f.out THEN $2 ELSE s.stock_out_open END,
    negative_open = CASE WHEN f.negative THEN $2 ELSE s.negative_open END
FROM (
    SELECT e->>0 AS store_id, e->>1 AS gtin, bool_or(e->>2 = 'below_reorder_point') AS below,
           bool_or(e->>2 = 'stock_out') AS out, bool_or(e->>2 = 'negative') AS negative
    FROM jsonb_array_elements($1::jsonb) e GROUP BY 1, 2) f
WHERE s.store_id = f.store_id AND s.gtin = f.gtin
"""
NOTICE = """
INSERT INTO alert_notices (alert_id, what, noticed_at)
SELECT id, $2, $3 FROM unnest($1::uuid[]) id
"""
_CLOSE = """
UPDATE alerts a SET state = 'closed', closed_at = $1, updated_at = $1, closed_reason = $2
FROM locked l WHERE a.alert_id = l.alert_id
RETURNING a.alert_id, a.kind, a.store_id, a.subject, a.gtin, a.lot, a.severity, a.raised_at, a.quiet
"""
SETTLE = f"""
WITH locked AS (
    SELECT o.alert_id FROM jsonb_array_elements($3::jsonb) e
    CROSS JOIN LATERAL (
        SELECT alert_id FROM alerts
        WHERE store_id = e->>0 AND kind = e->>1 AND subject = e->>2 AND closed_at IS NULL
        FOR UPDATE) o
) {_CLOSE}
"""  # noqa: S608 - our own text
CLOSE_RULED_OFF = f"""
WITH locked AS (
    SELECT a.alert_id FROM alerts a {RULE_OF.format(kind="a.kind", store_id="a.store_id", gtin="a.gtin")}
    WHERE a.closed_at IS NULL AND a.store_id = ANY($3::text[]) AND NOT r.enabled
    ORDER BY a.store_id, a.kind, a.subject FOR UPDATE OF a
) {_CLOSE}
"""  # noqa: S608 - our own text
SETTLE_OTHERS = f"""
WITH locked AS (
    SELECT alert_id FROM alerts
    WHERE closed_at IS NULL AND kind = ANY($4::text[]) AND ($5::text[] IS NULL OR store_id = ANY($5::text[]))
      AND (store_id, kind, subject) NOT IN
          (SELECT e->>0, e->>1, e->>2 FROM jsonb_array_elements($3::jsonb) e)
    ORDER BY store_id, kind, subject FOR UPDATE
) {_CLOSE}
"""  # noqa: S608 - our own text
