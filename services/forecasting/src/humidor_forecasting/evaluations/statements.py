"""Statements that gather what a promotion's evaluation rests on."""

MOST_TREATED = 2000
MOST_CANDIDATES = 1000

# A campaign that was cancelled is a subject too: the answer says so.
SUBJECT = """
SELECT promotion_id, version, starts_on, ends_on, store_ids, holdout_store_ids, gtins, discount_percent,
       price_per_pack, currency, spent_minor, false AS cancelled
FROM promotions WHERE promotion_id = $1
UNION ALL
SELECT campaign_id, version, starts_on, ends_on, store_ids, holdout_store_ids, gtins, discount_percent,
       price_per_pack, currency, spent_minor, true
FROM campaigns WHERE campaign_id = $1 AND NOT EXISTS (SELECT FROM promotions WHERE promotion_id = $1)
"""
# $1 stores of the promotion or NULL, $2 products or NULL, $3 a moment: its stores, and the last whole day.
TREATED = f"""
SELECT array_agg(store_id ORDER BY store_id) AS stores, min(day) AS until, count(*) > {MOST_TREATED} AS more
FROM (
    SELECT t.store_id, ($3::timestamptz AT TIME ZONE coalesce(s.time_zone, 'UTC'))::date - 1 AS day
    FROM (
        SELECT store_id FROM unnest($1::text[]) AS u(store_id)
        UNION
        SELECT store_id FROM demand_series
        WHERE $1::text[] IS NULL AND ($2::text[] IS NULL OR gtin = ANY($2))) t
    LEFT JOIN stores s USING (store_id)
    ORDER BY md5(t.store_id) LIMIT {MOST_TREATED + 1}) f
"""  # noqa: S608 - our own text
# Stores that sell the products and had no promotion of them in these days; first those of the same areas.
CANDIDATES = f"""
SELECT c.store_id
FROM (SELECT DISTINCT store_id FROM demand_series WHERE $2::text[] IS NULL OR gtin = ANY($2)) c
LEFT JOIN store_areas a USING (store_id)
WHERE c.store_id <> ALL($1::text[])
  AND NOT EXISTS (SELECT FROM stores s WHERE s.store_id = c.store_id AND s.kind <> 'store')
  AND NOT EXISTS (
    SELECT FROM promotions p
    WHERE p.ends_on >= $3 AND p.starts_on <= $4 AND p.promotion_id <> $5
      AND (p.store_ids IS NULL OR c.store_id = ANY(p.store_ids))
      AND (p.gtins IS NULL OR $2::text[] IS NULL OR p.gtins && $2))
ORDER BY coalesce(a.area IN (SELECT area FROM store_areas WHERE store_id = ANY($1)), false) DESC, c.store_id
LIMIT {MOST_CANDIDATES}
"""  # noqa: S608 - our own text
# OFFSET 0: each store by its own index, never all stores' days of these weeks.
# $1 stores, $2 products or NULL, $3 brands, $4 the first day, $5 the last, $6 the first of the promotion.
DAYS = """
SELECT store_id, array_agg(place ORDER BY place) AS places, array_agg(promoted ORDER BY place) AS promoted,
       array_agg(brand ORDER BY place) AS brand, array_agg(rest ORDER BY place) AS rest,
       array_agg(products ORDER BY place) AS products,
       (sum(others_amount) / nullif(sum(others_sold), 0))::float8 AS others_price
FROM (
    SELECT d.store_id, d.day - $4::date AS place,
           coalesce(sum(n.sticks) FILTER (WHERE k.kind = 'promoted'), 0)::float8 AS promoted,
           coalesce(sum(n.sticks) FILTER (WHERE k.kind = 'brand'), 0)::float8 AS brand,
           coalesce(sum(n.sticks) FILTER (WHERE k.kind = 'rest'), 0)::float8 AS rest,
           count(*) FILTER (WHERE n.sticks > 0) AS products,
           sum(d.amount_minor) FILTER (WHERE k.kind <> 'promoted' AND d.day < $6) AS others_amount,
           sum(d.sold_sticks) FILTER (WHERE k.kind <> 'promoted' AND d.day < $6) AS others_sold
    FROM unnest($1::text[]) AS u(store_id)
    CROSS JOIN LATERAL (
        SELECT * FROM demand_days s WHERE s.store_id = u.store_id AND s.day BETWEEN $4 AND $5 OFFSET 0) d
    LEFT JOIN products p USING (gtin)
    CROSS JOIN LATERAL (SELECT d.sold_sticks + d.requested_sticks AS sticks) n
    CROSS JOIN LATERAL (SELECT CASE WHEN $2::text[] IS NULL OR d.gtin = ANY($2) THEN 'promoted'
                                    WHEN p.brand = ANY($3::text[]) THEN 'brand' ELSE 'rest' END AS kind) k
    GROUP BY d.store_id, d.day) f
GROUP BY store_id
"""
STOCK_OUTS = """
SELECT o.store_id, (o.raised_at AT TIME ZONE z.zone)::date AS first,
       (coalesce(o.closed_at, $3) AT TIME ZONE z.zone)::date AS last
FROM unnest($1::text[]) AS u(store_id) CROSS JOIN unnest($2::text[]) AS v(gtin)
JOIN stock_outs o USING (store_id, gtin)
CROSS JOIN LATERAL (
    SELECT coalesce((SELECT time_zone FROM stores WHERE store_id = u.store_id), 'UTC') AS zone) z
WHERE o.raised_at < $3
"""
# What buyers paid a stick in the four weeks before and during it, where something was sold in both.
PRICES = """
SELECT d.store_id, d.gtin, max(p.sticks_per_pack) AS sticks_per_pack,
       (sum(d.amount_minor) FILTER (WHERE d.day < $4)
        / sum(d.sold_sticks) FILTER (WHERE d.day < $4))::float8 AS before,
       (sum(d.amount_minor) FILTER (WHERE d.day >= $4)
        / sum(d.sold_sticks) FILTER (WHERE d.day >= $4))::float8 AS during,
       (sum(d.sold_sticks) FILTER (WHERE d.day >= $4))::float8 AS sticks,
       min(d.currency) AS currency, count(DISTINCT d.currency) AS currencies
FROM unnest($1::text[]) AS u(store_id)
CROSS JOIN LATERAL (
    SELECT * FROM demand_days s
    WHERE s.store_id = u.store_id AND s.day BETWEEN $4::date - 28 AND $5 OFFSET 0) d
LEFT JOIN products p USING (gtin)
WHERE ($2::text[] IS NULL OR d.gtin = ANY($2)) AND d.day >= $3::date AND d.sold_sticks > 0
GROUP BY d.store_id, d.gtin
HAVING sum(d.sold_sticks) FILTER (WHERE d.day < $4) > 0 AND sum(d.sold_sticks) FILTER (WHERE d.day >= $4) > 0
"""
OTHER_PROMOTIONS = """
SELECT promotion_id FROM (
    SELECT * FROM promotions WHERE ends_on >= $3 AND starts_on <= $4 AND promotion_id <> $5 OFFSET 0) p
WHERE (store_ids IS NULL OR store_ids && $1::text[])
  AND (gtins IS NULL OR $2::text[] IS NULL OR gtins && $2)
ORDER BY promotion_id LIMIT 50
"""
BRANDS = "SELECT DISTINCT brand FROM products WHERE gtin = ANY($1::text[])"
