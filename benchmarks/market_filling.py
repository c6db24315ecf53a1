"""Years of the market, put into its tables by sets as summing up every day would have left them.

A store carries 60 of 200 products and sells a third of these on a day.
"""

from datetime import date

from benchmarks.system import Database

PRODUCTS = 200
BRANDS, MAKERS, AREAS = 40, 10, 25
CARRIED, SELLS_EVERY = 60, 3
_GTIN = "'0690102' || lpad({}::text, 7, '0')"
_STORE = "'S' || lpad({}::text, 4, '0')"
_MASTER = f"""
INSERT INTO stores (store_id, name, time_zone, status, kind, version)
SELECT {_STORE.format("n")}, 'store', 'UTC', 'open', 'store', 1 FROM generate_series(1, {{stores}}) n;
INSERT INTO retailers (retailer_id, name, search_name, name_key, state, time_zone, business_format,
                       market_type, trade_area, contacts, phone_keys, tags, custom, version, created_at,
                       changed_at)
SELECT 'R' || n, 'shop', 'shop', 'shop', 'active', 'UTC', 'convenience', 'urban',
       'A' || lpad((n % {AREAS})::text, 3, '0'), '[]', '{{{{}}}}', '{{{{}}}}', '{{{{}}}}', 1, now(), now()
FROM generate_series(1, {{stores}}) n;
INSERT INTO retailer_stores SELECT {_STORE.format("n")}, 'R' || n FROM generate_series(1, {{stores}}) n;
INSERT INTO products (gtin, name, brand, manufacturer, status, sticks_per_pack, packs_per_carton,
                      cartons_per_case, currency, price_class, version)
SELECT {_GTIN.format("n")}, 'product', 'Brand ' || n % {BRANDS}, 'Maker ' || n % {MAKERS}, 'active', 20, 10,
       50, 'CNY', (1 + n % 5)::text, 1
FROM generate_series(0, {PRODUCTS - 1}) n;
INSERT INTO offers (gtin, wholesale_minor_per_carton, currency, orderable, version, changed_at)
SELECT gtin, 15000, 'CNY', true, 1, now() FROM products;
"""  # noqa: S608 - made of constants
_PLACES = """
INSERT INTO market_products (gtin) SELECT gtin FROM products ORDER BY 1;
INSERT INTO market_places (trade_area, market_type, business_format, sales_line)
SELECT DISTINCT trade_area, market_type, business_format, '' FROM retailers;
INSERT INTO market_store_places (store_id, place_id)
SELECT store_id, place_id
FROM retailer_stores JOIN retailers USING (retailer_id) JOIN market_places USING (trade_area) ORDER BY 1;
"""
_INTO = """
INSERT INTO market_{period}s_of_{holder}
    (all_sticks, all_net_minor, all_sales, all_left_out, {period}, holder, wholesale, currency, products,
     sticks, net_minor, sales)
SELECT sum(sticks), sum(net_minor), sum(sales), 0, {period}, holder, false, 'CNY',
       string_agg(int4send(product_id), ''::bytea), string_agg(int8send(sticks), ''::bytea),
       string_agg(int8send(net_minor), ''::bytea), string_agg(int4send(sales), ''::bytea)
FROM ({rows}) s GROUP BY {period}, holder
"""
_DAYS = _INTO.format(
    period="day",
    holder="stores",
    rows=f"""
SELECT d.day, o.store_no AS holder, m.product_id, 20::bigint * (1 + (s + p + d.n) % 7) AS sticks,
       2000::bigint * (1 + (s + p + d.n) % 7) AS net_minor, 1 + (s + d.n) % 3 AS sales
FROM (SELECT d::date AS day, d::date - '2020-01-01'::date AS n
      FROM generate_series('{{first}}'::date, '{{first}}'::date + interval '1 month' - interval '1 day',
                           interval '1 day') d) d,
     generate_series(1, {{stores}}) s, generate_series(0, {CARRIED - 1}) p, market_store_places o,
     market_products m
WHERE (s + p + d.n) % {SELLS_EVERY} = 0 AND o.store_id = {_STORE.format("s")}
  AND m.gtin = {_GTIN.format(f"((s * 7 + p * 3) % {PRODUCTS})")}
ORDER BY 1, 2, 3""",  # noqa: S608 - made of constants
)
_SUMMED = """
SELECT date_trunc('{period}', t.{of})::date AS {period}, {number} AS holder, x.product_id,
       sum(x.sticks)::bigint AS sticks, sum(x.net_minor)::bigint AS net_minor, sum(x.sales)::int AS sales
FROM market_{of}s_of_{source} t {join},
     market_unpack(t.products, t.sticks, t.net_minor, t.sales, NULL) x
GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""
_PLACE_OF = "JOIN market_store_places o ON o.store_no = t.holder"
_ADD = "; ".join(
    _INTO.format(
        period=period,
        holder=holder,
        rows=_SUMMED.format(period=period, of=of, source=source, number=number, join=join),
    )
    for period, holder, of, source, number, join in (
        ("month", "stores", "day", "stores", "t.holder", ""),
        ("quarter", "stores", "month", "stores", "t.holder", ""),
        ("day", "places", "day", "stores", "o.place_id", _PLACE_OF),
        ("month", "places", "day", "places", "t.holder", ""),
        ("quarter", "places", "month", "places", "t.holder", ""),
        ("day", "all", "day", "places", "0", ""),
        ("month", "all", "day", "all", "0", ""),
        ("quarter", "all", "month", "all", "0", ""),
    )
)
_KEY = "pk_market_days_of_stores PRIMARY KEY (day, holder, currency, wholesale)"
_STOCK = f"""
INSERT INTO stock_closings (told_at, month, store_id)
SELECT now(), m::date, store_id FROM stores, generate_series('{{first}}'::date, '{{last}}', '1 month') m;
INSERT INTO stock_closing_products (sticks, month, store_id, gtin)
SELECT 20 * (1 + (s + p) % 11), m::date, {_STORE.format("s")},
       {_GTIN.format(f"((s * 7 + p * 3) % {PRODUCTS})")}
FROM generate_series('{{first}}'::date, '{{last}}', '1 month') m, generate_series(1, {{stores}}) s,
     generate_series(0, {CARRIED - 1}) p
ORDER BY 2, 3, 4
"""  # noqa: S608 - made of constants
_SOLD = f"""
INSERT INTO purchase_documents (document_id, bought_at, kind, store_id, local_day, local_hour, currency,
                                provisional, figures, gtins)
SELECT gen_random_uuid(), current_date - n / 20 + interval '10 hours', 'sale',
       {_STORE.format("(1 + n % 20)")}, current_date - n / 20, 10, 'CNY', false,
       purchase_line(1, 2, 40, 5000, 'pack', false), {_GTIN.format(f"((n * 7 + p) % {PRODUCTS})")}
FROM generate_series(0, {{days}} - 1) n, generate_series(1, 200) p;
INSERT INTO purchase_days_changed SELECT DISTINCT store_id, local_day FROM purchases;
"""  # noqa: S608 - made of constants


def first_month(today: date, months: int) -> date:
    """Give the first of the whole months before this one."""
    year, month = divmod(today.year * 12 + today.month - 1 - months, 12)
    return date(year, month + 1, 1)


def fill(database: Database, *, stores: int, months: int) -> None:
    """Put stores, products and `months` whole months of sums into an empty database."""
    database.execute(_MASTER.format(stores=stores))
    database.execute(_PLACES)
    database.execute("ALTER TABLE market_days_of_stores DROP CONSTRAINT pk_market_days_of_stores")
    today = date.today()  # noqa: DTZ011 - the database's own day
    for back in range(months, 0, -1):
        database.execute(_DAYS.format(first=first_month(today, back).isoformat(), stores=stores))
    database.execute(f"ALTER TABLE market_days_of_stores ADD CONSTRAINT {_KEY}")
    database.execute(_ADD)
    first, last = (first_month(today, back).isoformat() for back in (months, 1))
    database.execute(_STOCK.format(first=first, last=last, stores=stores))
    database.execute("VACUUM (ANALYZE)")


def sell(database: Database, *, days: int) -> int:
    """Put 200 lines of sales into each of so many days of 20 stores; gives how many lines these are."""
    database.execute(_SOLD.format(days=days))
    return int(database.number("SELECT count(*) FROM purchases"))
