"""Keep the sums of the market packed: one row for a period of a store, a place or all of them."""

from humidor_common.db.migrate import run_sql

revision = "0023"
down_revision = "0022"

HOLDERS = ("stores", "places", "all")
PERIODS = ("day", "month", "quarter")

KEYS = """
CREATE TABLE market_products (
    product_id integer GENERATED ALWAYS AS IDENTITY CONSTRAINT pk_market_products PRIMARY KEY,
    gtin text COLLATE "C" NOT NULL CONSTRAINT uq_market_products_gtin UNIQUE
);
INSERT INTO market_products (gtin) SELECT DISTINCT gtin FROM market_product_days ORDER BY 1;
ALTER TABLE market_store_places
    ADD COLUMN store_no integer GENERATED ALWAYS AS IDENTITY
    CONSTRAINT uq_market_store_places_store_no UNIQUE;
ANALYZE market_products, market_store_places;
"""

# `holder` is a store_no, a place_id, or 0. Figures go by product, packed as they are sent, in 4 bytes each or
# (sticks and net_minor) 8; `left_out` is null where it is 0 of all. Rows stay out of the TOAST as long as a
# page holds them: reports read nothing else.
TABLE = """
CREATE TABLE market_{period}s_of_{holder} (
    all_sticks bigint NOT NULL,
    all_net_minor bigint NOT NULL,
    all_sales bigint NOT NULL,
    all_left_out bigint NOT NULL,
    {period} date NOT NULL,
    holder integer NOT NULL,
    wholesale boolean NOT NULL,
    currency text COLLATE "C" NOT NULL,
    products bytea NOT NULL,
    sticks bytea NOT NULL,
    net_minor bytea NOT NULL,
    sales bytea NOT NULL,
    left_out bytea,
    CONSTRAINT pk_market_{period}s_of_{holder} PRIMARY KEY ({period}, holder, currency, wholesale)
) WITH (fillfactor = 80, toast_tuple_target = 8160);
"""

# Gives the figures of a row by product.
UNPACK = """
CREATE FUNCTION market_unpack(bytea, bytea, bytea, bytea, bytea)
RETURNS TABLE (product_id integer, sticks bigint, net_minor bigint, sales integer, left_out integer)
LANGUAGE sql IMMUTABLE ROWS 60 AS $unpack$
    SELECT ('x' || encode(substr($1, n * 4 + 1, 4), 'hex'))::bit(32)::integer,
           ('x' || encode(substr($2, n * 8 + 1, 8), 'hex'))::bit(64)::bigint,
           ('x' || encode(substr($3, n * 8 + 1, 8), 'hex'))::bit(64)::bigint,
           ('x' || encode(substr($4, n * 4 + 1, 4), 'hex'))::bit(32)::integer,
           coalesce(('x' || encode(substr($5, n * 4 + 1, 4), 'hex'))::bit(32)::integer, 0)
    FROM generate_series(0, length($1) / 4 - 1) n
$unpack$;
"""

# Month by month, so that sorts stay small.
FILL = """
DO $fill$
DECLARE
    since date;
BEGIN
    FOR since IN SELECT generate_series(date_trunc('month', min(day)), max(day), interval '1 month')
                 FROM market_product_days LOOP
        INSERT INTO market_{period}s_of_{holder}
        SELECT sum(sticks), sum(net_minor), sum(sales), sum(left_out), {period}, holder, wholesale, currency,
               string_agg(int4send(product_id), ''::bytea), string_agg(int8send(sticks), ''::bytea),
               string_agg(int8send(net_minor), ''::bytea), string_agg(int4send(sales), ''::bytea),
               CASE WHEN sum(left_out) > 0 THEN string_agg(int4send(left_out), ''::bytea) END
        FROM (SELECT {of} AS {period}, {number} AS holder, t.wholesale, t.currency, p.product_id,
                     sum(t.sticks)::bigint AS sticks, sum(t.net_minor)::bigint AS net_minor,
                     sum(t.sales)::int AS sales, sum(t.left_out)::int AS left_out
              FROM {source} t JOIN market_products p USING (gtin) {join}
              WHERE t.{column} >= since AND t.{column} < since + interval '1 month'
              GROUP BY 1, 2, 3, 4, 5
              HAVING (sum(t.sticks), sum(t.net_minor), sum(t.sales), sum(t.left_out)) <> (0, 0, 0, 0)
              ORDER BY 1, 2, 4, 3, 5) s
        GROUP BY {period}, holder, wholesale, currency;
    END LOOP;
END $fill$;
"""

# Of what rows each table is made; months of a quarter are added to it later.
_STORES = ("s.store_no", "JOIN market_store_places s USING (store_id)")
SOURCES = {
    ("day", "stores"): ("market_days", "day", *_STORES),
    ("month", "stores"): ("market_months", "month", *_STORES),
    ("quarter", "stores"): ("market_quarters", "quarter", *_STORES),
    ("day", "places"): ("market_place_days", "day", "t.place_id", ""),
    ("month", "places"): ("market_place_months", "month", "t.place_id", ""),
    ("day", "all"): ("market_product_days", "day", "0", ""),
    ("month", "all"): ("market_product_days", "day", "0", ""),
}

# Quarters of places and of all have not been there before.
QUARTERS = """
INSERT INTO market_quarters_of_{holder}
SELECT sum(sticks), sum(net_minor), sum(sales), sum(left_out), quarter, holder, wholesale, currency,
       string_agg(int4send(product_id), ''::bytea), string_agg(int8send(sticks), ''::bytea),
       string_agg(int8send(net_minor), ''::bytea), string_agg(int4send(sales), ''::bytea),
       CASE WHEN sum(left_out) > 0 THEN string_agg(int4send(left_out), ''::bytea) END
FROM (SELECT date_trunc('quarter', month)::date AS quarter, holder, wholesale, currency, product_id,
             sum(x.sticks)::bigint AS sticks, sum(x.net_minor)::bigint AS net_minor,
             sum(x.sales)::int AS sales, sum(x.left_out)::int AS left_out
      FROM market_months_of_{holder} t,
           market_unpack(t.products, t.sticks, t.net_minor, t.sales, t.left_out) x
      GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 4, 3, 5) s
GROUP BY quarter, holder, wholesale, currency;
"""

FORMER = (
    "market_days",
    "market_months",
    "market_quarters",
    "market_place_days",
    "market_place_months",
    "market_product_days",
)

# For those who look up what some stores sold on some days.
VIEW = """
CREATE VIEW market_days AS
SELECT d.day, s.store_id, d.wholesale, d.currency, m.gtin, x.sticks, x.net_minor, x.sales
FROM market_store_places s JOIN market_days_of_stores d ON d.holder = s.store_no
CROSS JOIN LATERAL market_unpack(d.products, d.sticks, d.net_minor, d.sales, NULL) x
JOIN market_products m USING (product_id);
"""


def upgrade() -> None:
    run_sql(KEYS)
    run_sql(UNPACK)
    for holder in HOLDERS:
        for period in PERIODS:
            run_sql(TABLE.format(period=period, holder=holder))
    for (period, holder), (source, column, number, join) in SOURCES.items():
        of = f"date_trunc('{period}', t.{column})::date"
        run_sql(
            FILL.format(
                period=period, holder=holder, source=source, column=column, number=number, join=join, of=of
            )
        )
    for holder in HOLDERS[1:]:
        run_sql(QUARTERS.format(holder=holder))
    run_sql(f"DROP TABLE {', '.join(FORMER)}")
    run_sql(VIEW)
