"""What a bench of orders begins with: customers with tiers, caps and credit, and the orders of last week."""

from benchmarks import shop

CUSTOMERS = 20_000
LAST_WEEK = 5_000
"""Orders that are there already, as on any day but the first: plans rest on what is known of the tables."""

LINES = 10
CYCLE, LAST_CYCLE = "019aaf6e-5c00-7000-8000-000000000001", "019aaf6e-5c00-7000-8000-000000000000"
WAREHOUSE = shop.store_id(1)
FILL = f"""
INSERT INTO stores (store_id, name, time_zone, status, kind, version)
VALUES ('{WAREHOUSE}', 'centre', 'Asia/Shanghai', 'open', 'warehouse', 1);
INSERT INTO products (gtin, name, brand, status, sticks_per_pack, packs_per_carton, cartons_per_case, version)
SELECT gtin, 'product', 'brand', 'active', 20, 10, 50, 1 FROM unnest(ARRAY{list(shop.GTINS)}) gtin;
INSERT INTO offers (gtin, wholesale_minor_per_carton, currency, price_segment, orderable, version, changed_at)
SELECT gtin, 18000, 'CNY', 'mid', true, 1, now() FROM products;
INSERT INTO retailers (retailer_id, name, search_name, name_key, state, licence_number, licence_status,
                       time_zone, business_format, market_type, credit_limit_minor, currency, contacts,
                       phone_keys, tags, custom, version, compared_version, created_at, changed_at)
SELECT 'R' || lpad(n::text, 5, '0'), 'shop', 'shop', 'shop', 'active', '3301021' || lpad(n::text, 5, '0'),
       'active', 'Asia/Shanghai', 'grocery', 'urban', 100000000000, 'CNY', '[]', '{{}}', '{{}}', '{{}}', 1, 1,
       now(), now() FROM generate_series(0, {CUSTOMERS - 1}) n;
INSERT INTO order_groups (group_code, name, supply_store_id, time_zone, order_weekday, opens_days_before,
                          opens_at_time, closes_days_before, closes_at_time, delivery_days_after, version,
                          changed_at)
VALUES ('G', 'all', '{WAREHOUSE}', 'Asia/Shanghai', 1, 2, '19:00', 1, '16:00', 1, 1, now());
INSERT INTO order_members (retailer_id, group_code, since) SELECT retailer_id, 'G', now() FROM retailers;
INSERT INTO order_cycles (cycle_id, code, starts_on, ends_on, version, created_at, created_by)
VALUES ('{CYCLE}', 'W', current_date, current_date + 6, 1, now(), 'bench');
INSERT INTO order_windows (cycle_id, group_code, order_day, opens_at, closes_at, delivery_on, version,
                           changed_at)
SELECT cycle_id, 'G', current_date, now() - interval '10 hours', now() + interval '10 hours',
       current_date + 1, 1, now() FROM order_cycles;
INSERT INTO tier_schemes (scheme_id, code, number, name, tiers, direction, cadence, terms, state, version,
                          created_at, created_by, changed_at)
VALUES ('019aaf6e-5c00-7000-8000-000000000002', 'T', 1, 'tiers', 30, 'highest_is_best', 'quarterly', '{{}}',
        'published', 1, now(), 'bench', now());
INSERT INTO retailer_tiers (scheme_code, retailer_id, scheme_id, tier, calculated_tier, since, version)
SELECT 'T', retailer_id, '019aaf6e-5c00-7000-8000-000000000002', t, t, now(), 1
FROM (SELECT retailer_id, (1 + right(retailer_id, 4)::int % 30)::smallint AS t FROM retailers) r;
INSERT INTO strategies (strategy_id, cycle_id, scheme_id, name, unlisted, barred_grades, carton_sticks, state,
                        lines, version, created_at, created_by, changed_at, published_at, published_by)
SELECT '019aaf6e-5c00-7000-8000-000000000003', cycle_id, '019aaf6e-5c00-7000-8000-000000000002', 'caps',
       'refused', '{{}}', 200, 'published', {shop.PRODUCTS + 1}, 1, now(), 'bench', now(), now(), 'bench'
FROM order_cycles;
INSERT INTO strategy_lines (strategy_id, line, subject, code, price_segment, mode, audience, caps_sticks)
SELECT '019aaf6e-5c00-7000-8000-000000000003', n, s, code, CASE s WHEN 'product' THEN 'mid' END, 'all',
       '{{}}', array_fill(cap::bigint, ARRAY[30])
FROM (SELECT row_number() OVER (ORDER BY gtin) AS n, 'product' AS s, gtin AS code, 10000 AS cap FROM products
      UNION ALL SELECT {shop.PRODUCTS + 1}, 'segment', 'mid', 100000) l;
INSERT INTO order_cycles (cycle_id, code, starts_on, ends_on, version, created_at, created_by)
VALUES ('{LAST_CYCLE}', 'V', current_date - 7, current_date - 1, 1, now(), 'bench');
INSERT INTO orders (order_id, retailer_id, cycle_id, store_id, state, stock, payment, prepaid, accept_less,
                    currency, value_minor, paid_minor, delivery_on, attempt, exceptions, placed_at, placed_by,
                    confirmed_at, version, changed_at)
SELECT uuidv7(interval '-7 days'), retailer_id, '{LAST_CYCLE}', '{WAREHOUSE}',
       'delivered', 'shipped', 'paid', false, false, 'CNY', 360000, 360000, current_date - 5, 1, '{{}}',
       now(), 'bench', now(), 4, now() FROM retailers ORDER BY retailer_id LIMIT {LAST_WEEK};
INSERT INTO order_lines (order_id, line, gtin, unit, multiple_sticks, requested_sticks, ordered_sticks,
                         cuts, price_segment, minor_per_carton, sticks_per_carton, reserved_sticks,
                         delivered_sticks)
SELECT order_id, n, (ARRAY{list(shop.GTINS[:LINES])})[n], 'carton', 200, 400, 400, '[]', 'mid', 18000, 200,
       400, 400 FROM orders, generate_series(1, {LINES}) n;
ANALYZE
"""  # noqa: S608 - made of constants
