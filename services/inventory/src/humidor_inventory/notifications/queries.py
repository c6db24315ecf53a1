"""The statements that spread notices over subscriptions and make digests of them."""

SPREAD = """
WITH batch AS (
    DELETE FROM alert_notices WHERE notice_id IN (
        SELECT notice_id FROM alert_notices ORDER BY notice_id LIMIT $2 FOR UPDATE SKIP LOCKED)
    RETURNING alert_id, what, noticed_at
), told AS (
    SELECT b.*, a.kind, a.store_id,
           CASE b.what WHEN 'escalated' THEN 'critical' ELSE a.severity END AS severity
    FROM batch b JOIN alerts a USING (alert_id) WHERE a.snoozed_until IS NULL OR a.snoozed_until <= $1
), matched AS (
    SELECT s.subscription_id, t.alert_id, t.what, t.noticed_at, t.severity = 'critical' AS urgent
    FROM told t JOIN alert_subscriptions s
      ON s.enabled AND t.what = ANY(s.told) AND t.severity = ANY(s.severities)
     AND (s.kinds = '{}' OR t.kind = ANY(s.kinds)) AND (s.store_ids IS NULL OR t.store_id = ANY(s.store_ids))
), items AS (
    INSERT INTO alert_digest_items (subscription_id, alert_id, what, noticed_at)
    SELECT subscription_id, alert_id, what, noticed_at FROM matched ORDER BY 1, 2, 3
    ON CONFLICT DO NOTHING
)
SELECT (SELECT count(*) FROM batch) AS notices,
       (SELECT jsonb_agg(jsonb_build_array(subscription_id, urgent)) FROM (
            SELECT subscription_id, bool_or(urgent) AS urgent FROM matched GROUP BY 1) m) AS touched
"""
WINDOWS = """
SELECT subscription_id, window_seconds, quiet_from, quiet_until, time_zone FROM alert_subscriptions
WHERE subscription_id = ANY($1::uuid[]) ORDER BY subscription_id FOR NO KEY UPDATE
"""
SET_DUE = """
UPDATE alert_subscriptions s SET digest_due_at = least(s.digest_due_at, (e->>1)::timestamptz)
FROM jsonb_array_elements($1::jsonb) e WHERE s.subscription_id = (e->>0)::uuid
"""
# Whoever spreads holds a share of the row, so a digest never overlooks what is being put into it.
TAKE_DUE = """
SELECT * FROM alert_subscriptions WHERE digest_due_at <= $1 ORDER BY digest_due_at LIMIT 1
FOR UPDATE SKIP LOCKED
"""
TAKEN = "UPDATE alert_subscriptions SET digest_due_at = NULL WHERE subscription_id = $1"
# What has ended, was seen to or was snoozed before it could be told is not told; nor is its end.
DIGEST = """
WITH taken AS MATERIALIZED (
    DELETE FROM alert_digest_items WHERE subscription_id = $1 RETURNING alert_id, what
), told AS MATERIALIZED (
    SELECT t.what, a.*,
           array_position(ARRAY['critical', 'warning', 'info'], a.severity) AS rank,
           array_position(ARRAY['escalated', 'raised', 'closed'], t.what) AS place
    FROM taken t JOIN alerts a USING (alert_id)
    WHERE CASE t.what
        WHEN 'closed' THEN NOT EXISTS (
            SELECT FROM taken r WHERE r.alert_id = t.alert_id AND r.what = 'raised')
        WHEN 'escalated' THEN a.closed_at IS NULL AND a.acknowledged_at IS NULL
             AND (a.snoozed_until IS NULL OR a.snoozed_until <= $2)
        ELSE a.closed_at IS NULL AND (a.snoozed_until IS NULL OR a.snoozed_until <= $2) END
), worst AS (
    SELECT what, alert_id, kind, severity, store_id, subject, gtin, lot, p.name, p.sticks_per_pack, figures,
           raised_at, closed_reason
    FROM told LEFT JOIN products p USING (gtin) ORDER BY place, rank, raised_at, alert_id LIMIT $3)
SELECT jsonb_build_object(
    'counts', (SELECT coalesce(jsonb_agg(c), '[]') FROM (
        SELECT what, kind, severity, count(*) AS alerts, count(DISTINCT store_id) AS stores FROM told
        GROUP BY what, place, kind, severity, rank ORDER BY place, rank, count(*) DESC, kind) c),
    'stores', (SELECT coalesce(jsonb_agg(s), '[]') FROM (
        SELECT store_id, count(*) AS alerts FROM told GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT $4) s),
    'lines', (SELECT coalesce(jsonb_agg(w), '[]') FROM worst w))
"""
