"""Statements over stores, areas and products."""

PRODUCT = (
    "name",
    "brand",
    "status",
    "price_class",
    "sticks_per_pack",
    "packs_per_carton",
    "cartons_per_case",
    "retail_price_per_pack",
    "currency",
    "version",
)

# Each says whether days, or sticks, of demand have to be worked out anew.
TAKE_STORES = """
WITH given AS (
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::int[])
                  AS t(store_id, name, time_zone, status, kind, version)),
known AS (SELECT store_id, time_zone FROM stores WHERE store_id IN (SELECT store_id FROM given)),
taken AS (
    INSERT INTO stores SELECT * FROM given ORDER BY store_id
    ON CONFLICT (store_id) DO UPDATE
    SET name = excluded.name, time_zone = excluded.time_zone, status = excluded.status, kind = excluded.kind,
        version = excluded.version
    WHERE stores.version < excluded.version
    RETURNING store_id, time_zone)
SELECT store_id, t.time_zone IS DISTINCT FROM coalesce(k.time_zone, 'UTC')
FROM taken t LEFT JOIN known k USING (store_id)
"""
TAKE_PRODUCTS = f"""
WITH given AS (
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::int[], $7::int[],
                         $8::int[], $9::bigint[], $10::text[], $11::int[])
                  AS t(gtin, {", ".join(PRODUCT)})),
known AS (
    SELECT gtin, sticks_per_pack, packs_per_carton, cartons_per_case FROM products
    WHERE gtin IN (SELECT gtin FROM given)),
taken AS (
    INSERT INTO products (gtin, {", ".join(PRODUCT)}) SELECT * FROM given ORDER BY gtin
    ON CONFLICT (gtin) DO UPDATE
    SET ({", ".join(PRODUCT)}) = ROW({", ".join(f"excluded.{name}" for name in PRODUCT)})
    WHERE products.version < excluded.version
    RETURNING gtin, sticks_per_pack, packs_per_carton, cartons_per_case)
SELECT gtin, (t.sticks_per_pack, t.packs_per_carton, t.cartons_per_case)
             IS DISTINCT FROM (k.sticks_per_pack, k.packs_per_carton, k.cartons_per_case)
FROM taken t LEFT JOIN known k USING (gtin)
"""  # noqa: S608 - names of ours
TAKE_UNITS = """
INSERT INTO product_units (unit_gtin, gtin, unit)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[]) ORDER BY 1
ON CONFLICT (unit_gtin) DO UPDATE SET gtin = excluded.gtin, unit = excluded.unit
"""
# A line scanned under the number of a carton, before anybody told whose carton that is.
RENAME_LINES = """
WITH found AS (
    DELETE FROM demand_lines l USING product_units u
    WHERE l.gtin = u.unit_gtin AND u.unit_gtin = ANY($1::text[])
    RETURNING l.store_id, l.thread_id, l.document_id, u.gtin, u.unit, l.kind, l.attempt, l.occurred_at, l.day,
              l.quantity, l.cut_quantity, l.amount_minor, l.currency),
moved AS (
    INSERT INTO demand_lines AS l
    SELECT store_id, thread_id, document_id, gtin, unit, kind, attempt, occurred_at, day, sum(quantity),
           sum(cut_quantity), sum(amount_minor), currency
    FROM found GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 13
    ON CONFLICT (store_id, thread_id, document_id, gtin, unit) DO UPDATE
    SET quantity = l.quantity + excluded.quantity, cut_quantity = l.cut_quantity + excluded.cut_quantity,
        amount_minor = l.amount_minor + excluded.amount_minor
    RETURNING gtin)
SELECT DISTINCT gtin FROM moved
"""
TAKE_RETAILERS = """
INSERT INTO retailers (retailer_id, trade_area, version)
SELECT * FROM unnest($1::text[], $2::text[], $3::int[]) ORDER BY 1
ON CONFLICT (retailer_id) DO UPDATE SET trade_area = excluded.trade_area, version = excluded.version
WHERE retailers.version < excluded.version
RETURNING retailer_id
"""
TAKE_AREAS = """
INSERT INTO store_areas (store_id, retailer_id, area)
SELECT DISTINCT ON (store_id) *
FROM unnest($1::text[], $2::text[], $3::text[]) AS t(store_id, retailer_id, area)
ORDER BY store_id, retailer_id
ON CONFLICT (store_id) DO UPDATE SET retailer_id = excluded.retailer_id, area = excluded.area
"""
DIGEST = """
SELECT (SELECT count(*) FROM stores) AS stores,
       (SELECT sum(hashtextextended(s::text, 0))::text FROM stores s) AS hash_of_stores,
       (SELECT count(*) FROM products) AS products,
       (SELECT sum(hashtextextended(p::text, 0))::text FROM products p) AS hash_of_products,
       (SELECT sum(hashtextextended(u::text, 0))::text FROM product_units u) AS hash_of_units,
       (SELECT sum(hashtextextended(a::text, 0))::text FROM store_areas a) AS hash_of_areas
"""
