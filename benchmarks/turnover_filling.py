"""Two years of turnover, put into inventory's own tables by sets as closing every day would have left them.

What a product sells on a day goes round by fives, so every rollup can be worked out by itself; the bench
checks that they come to the same.
"""

from benchmarks import shop
from benchmarks.system import Database

PRODUCTS = 200
BRANDS = 20
MONTHS = 24
# Days one by one are there for so many stores: reports by day about single products read them.
STORES_BY_DAY = 3
# Of five products of a store, so many have sold today, whose day is open.
SOLD_TODAY = 2
SEEN_STORE = shop.store_id(1)

_FIRST_DAY = "(SELECT min(day) FROM plan_days)"
# The day on which filling began, even if it ends on the next one.
_TODAY = "(SELECT max(day) FROM plan_days)"
_OPENED, _DAILY = 400, 40
# `phase` says where in its round a product of a store begins.
_PLAN = f"""
CREATE UNLOGGED TABLE plan_days AS
SELECT phase, d::date AS day, 20 * ((phase + (d::date - '2020-01-01'::date)) % 5) AS sold,
       CASE WHEN d = first THEN {_OPENED} ELSE 0 END AS opened, date_trunc('month', d)::date AS month
FROM (SELECT date_trunc('month', now()) - interval '{{months}} months' AS first) f,
     generate_series(0, 4) phase, generate_series(first, now(), '1 day') d;
CREATE UNLOGGED TABLE plan_months AS
SELECT phase, month, sum(sold) AS sold, sum(opened) AS opened, {_DAILY} * count(*) AS received,
       sum((opened + {_DAILY} - sold) * ((month + interval '1 month')::date - day)) AS stick_days,
       count(*) AS days, min(day) AS first_day, max(day) FILTER (WHERE sold > 0) AS last_sold_day,
       bit_or(1 << extract(day FROM day)::int - 1) AS bits
FROM plan_days WHERE day < {_TODAY} GROUP BY 1, 2;
CREATE UNLOGGED TABLE plan_products AS
SELECT n, '0690102' || lpad(n::text, 7, '0') AS gtin, 1000 + 10 * n AS cost, 1250 + 13 * n AS price,
       'Brand ' || lpad((n % {BRANDS})::text, 2, '0') AS brand,
       (1 + (n + n / {BRANDS}) % 2 + n % {BRANDS} % 4)::text AS price_class
FROM generate_series(0, {PRODUCTS - 1}) n;
"""  # noqa: S608 - made of constants
_CATALOGUE = """
INSERT INTO products (gtin, name, brand, price_class, status, sticks_per_pack, packs_per_carton,
                      cartons_per_case, currency, cost_price_per_pack, version, changed_at)
SELECT gtin, 'product', brand, price_class, 'active', 20, 10, 50, 'CNY', cost, 1, now() FROM plan_products;
INSERT INTO product_costs (gtin, valid_from, cost_price_per_pack, changed_at)
SELECT gtin, from_day, cost, now()
FROM plan_products, (VALUES ('2020-01-01'::date), ('2025-06-15')) c(from_day);
INSERT INTO rolled_costs SELECT gtin, valid_from, cost_price_per_pack * 500 FROM product_costs;
INSERT INTO rolled_products SELECT gtin, brand, price_class, '', currency FROM products;
"""
_STORES = f"""
INSERT INTO stores (store_id, name, time_zone, status, version, changed_at)
SELECT 'S' || lpad(n::text, 4, '0'), 'store', 'UTC', 'open', 1, now()
FROM generate_series({{first}}, {{last}}) n;
INSERT INTO closed_days SELECT 'S' || lpad(n::text, 4, '0'), {_TODAY} - 1
FROM generate_series({{first}}, {{last}}) n;
CREATE UNLOGGED TABLE plan_pairs_{{first}} AS
SELECT 'S' || lpad(s::text, 4, '0') COLLATE "C" AS store_id, gtin COLLATE "C" AS gtin, brand, price_class,
       cost, price, (7 * s + 3 * n) % 5 AS phase
FROM generate_series({{first}}, {{last}}) s, plan_products ORDER BY 1, 2;
"""  # noqa: S608 - made of constants
# The figures of a row: `o` opened, `r` received, `s` sold, `k` the cost of a stick, `p` the price of a pack.
_FIGURES = """opened_sticks, received_sticks, sold_sticks, stick_days, revenue_minor, costed_revenue_minor,
              cost_e4, value_e4, value_days_e4, carried_days"""
_MONTHLY = f"""
INSERT INTO monthly_flows (store_id, gtin, month, {_FIGURES}, first_day, last_sold_day, out_bits,
                           carried_bits)
SELECT store_id, gtin, month, opened, received, sold, stick_days, sold / 20 * price, sold / 20 * price,
       sold * cost * 500, (opened + received - sold) * cost * 500, stick_days * cost * 500, days,
       first_day, last_sold_day, 0, bits
FROM plan_pairs_{{first}} JOIN plan_months USING (phase)
WHERE month = {_FIRST_DAY} + interval '{{month}} months'
"""  # noqa: S608 - made of constants
_SUMS = ", ".join(f"sum({name.strip()})" for name in _FIGURES.split(","))
_SEGMENTS = f"""
INSERT INTO segment_flows (store_id, month, brand, price_class, supplier_id, currency, {_FIGURES},
                           carried_skus, sold_skus)
SELECT store_id, month, brand, price_class, '', 'CNY', {_SUMS}, count(*),
       count(*) FILTER (WHERE sold_sticks > 0)
FROM monthly_flows m JOIN rolled_products USING (gtin)
WHERE month = {_FIRST_DAY} + interval '{{month}} months'
  AND store_id >= '{{store}}'
GROUP BY store_id, month, brand, price_class
"""  # noqa: S608 - made of constants
_ADDED = ", ".join(f"{each} = t.{each} + excluded.{each}" for each in _FIGURES.replace(",", "").split())
_ADD_MONTHS = f"""
INSERT INTO store_months (store_id, month, currency, {_FIGURES})
SELECT store_id, month, currency, {_SUMS} FROM segment_flows
WHERE store_id >= '{{store}}' GROUP BY 1, 2, 3 ORDER BY 2, 1;
INSERT INTO product_months AS t (gtin, month, {_FIGURES})
SELECT gtin, month, {_SUMS} FROM monthly_flows WHERE store_id >= '{{store}}' GROUP BY 1, 2 ORDER BY 2, 1
ON CONFLICT (gtin, month) DO UPDATE SET {_ADDED};
"""  # noqa: S608 - made of constants
_OF_DAYS = f"""
sum(n * opened), sum(n * {_DAILY}), sum(n * sold), sum(n * (opened + {_DAILY} - sold)),
sum(sold / 20 * price), sum(sold / 20 * price), sum(sold * cost * 500),
sum((opened + {_DAILY} - sold) * cost * 500), sum((opened + {_DAILY} - sold) * cost * 500), sum(n)
"""
_DAYS = f"""
INSERT INTO store_days (store_id, day, currency, {_FIGURES})
SELECT store_id, day, 'CNY', {_OF_DAYS}
FROM (SELECT store_id, phase, count(*) AS n, sum(price) AS price, sum(cost) AS cost FROM plan_pairs_{{first}}
      GROUP BY 1, 2) p JOIN plan_days USING (phase) WHERE day < {_TODAY} GROUP BY 1, 2 ORDER BY 2, 1;
INSERT INTO product_days AS t (gtin, day, {_FIGURES})
SELECT gtin, day, {_OF_DAYS}
FROM (SELECT gtin, phase, count(*) AS n, sum(price) AS price, sum(cost) AS cost FROM plan_pairs_{{first}}
      GROUP BY 1, 2) p JOIN plan_days USING (phase) WHERE day < {_TODAY} GROUP BY 1, 2 ORDER BY 2, 1
ON CONFLICT (gtin, day) DO UPDATE SET {_ADDED};
"""  # noqa: S608 - made of constants
_NOW = f"""
INSERT INTO daily_flows (store_id, gtin, day, opened_sticks, received_sticks, sold_sticks, revenue_minor)
SELECT store_id, gtin, day, opened, {_DAILY}, sold, sold / 20 * price
FROM plan_pairs_{{first}} JOIN plan_days USING (phase)
WHERE day = {_TODAY} AND phase < {SOLD_TODAY}
   OR day < {_TODAY} AND store_id <= '{shop.store_id(STORES_BY_DAY)}' ORDER BY 1, 3, 2;
INSERT INTO stock (store_id, gtin, on_hand_sticks)
SELECT store_id, gtin, sticks FROM plan_pairs_{{first}}
JOIN (SELECT phase, sum(opened + {_DAILY} - sold) AS sticks FROM plan_days
      WHERE day < {_TODAY} OR phase < {SOLD_TODAY} GROUP BY 1) d USING (phase) ORDER BY 1, 2;
INSERT INTO lot_stock (store_id, gtin, lot, expiry_date, received_at, on_hand_sticks)
SELECT store_id, gtin, 'L1',
       {_TODAY} + 10 + ('x' || left(md5(store_id || gtin), 4))::bit(16)::int % 1000, now(), on_hand_sticks
FROM stock WHERE store_id >= '{{store}}' ORDER BY 1, 2;
"""  # noqa: S608 - made of constants


def fill(database: Database, *, first: int, last: int, months: int = MONTHS) -> None:
    """Add the stores from number `first` to `last`; products come with the first of them."""
    if first == 1:
        database.execute(_PLAN.format(months=months) + _CATALOGUE)
    database.execute(_STORES.format(first=first, last=last))
    store = shop.store_id(first)
    indexes = _drop_indexes(database)
    for month in range(months + 1):
        database.execute(_MONTHLY.format(first=first, month=month))
        database.execute(_SEGMENTS.format(month=month, store=store))
    database.execute(indexes + _ADD_MONTHS.format(store=store))
    database.execute(_DAYS.format(first=first))
    database.execute(_NOW.format(first=first, store=store))
    database.execute(f"DROP TABLE plan_pairs_{first}; VACUUM (ANALYZE)")


def _drop_indexes(database: Database) -> str:
    """Drop the indexes of `monthly_flows`, which are made anew faster than they are filled; gives how."""
    made = database.execute(
        "SELECT indexdef FROM pg_indexes WHERE tablename = 'monthly_flows' ORDER BY indexname DESC"
    )
    database.execute(
        "ALTER TABLE monthly_flows DROP CONSTRAINT pk_monthly_flows; DROP INDEX ix_monthly_flows_gtin"
    )
    unique, other = made.splitlines()
    return f"{unique}; {other}; ALTER TABLE monthly_flows ADD PRIMARY KEY USING INDEX pk_monthly_flows;"
