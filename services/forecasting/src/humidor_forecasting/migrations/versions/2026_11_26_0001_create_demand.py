"""Create the platform's tables, what is known of stores and products, and the history of demand."""

from humidor_common.db import platform_tables
from humidor_common.db.migrate import run_sql

revision = "0001"
down_revision = None

CATALOGUE = """
CREATE TABLE stores (
    store_id text CONSTRAINT pk_stores PRIMARY KEY,
    name text NOT NULL,
    time_zone text NOT NULL,
    status text NOT NULL,
    kind text NOT NULL,
    version integer NOT NULL
);
CREATE TABLE retailers (
    retailer_id text CONSTRAINT pk_retailers PRIMARY KEY,
    trade_area text,
    version integer NOT NULL
);
CREATE TABLE store_areas (
    store_id text CONSTRAINT pk_store_areas PRIMARY KEY,
    retailer_id text NOT NULL,
    area text NOT NULL
);
CREATE INDEX ix_store_areas_retailer ON store_areas (retailer_id);
CREATE INDEX ix_store_areas_area ON store_areas (area, store_id);
CREATE TABLE products (
    gtin text CONSTRAINT pk_products PRIMARY KEY,
    name text NOT NULL,
    brand text NOT NULL,
    status text NOT NULL,
    price_class text,
    sticks_per_pack integer NOT NULL,
    packs_per_carton integer NOT NULL,
    cartons_per_case integer NOT NULL,
    retail_price_per_pack bigint,
    currency text,
    version integer NOT NULL
);
CREATE INDEX ix_products_brand ON products (brand, gtin);
CREATE INDEX ix_products_class ON products (price_class, gtin);
CREATE TABLE product_units (
    unit_gtin text CONSTRAINT pk_product_units PRIMARY KEY,
    gtin text NOT NULL,
    unit text NOT NULL
);
CREATE INDEX ix_product_units_gtin ON product_units (gtin);
"""

DEMAND = """
-- What sales, returns and orders state; a thread is a sale with its returns, or an order with its attempts.
CREATE TABLE demand_lines (
    store_id text NOT NULL,
    thread_id uuid NOT NULL,
    document_id uuid NOT NULL,
    gtin text NOT NULL,
    unit text NOT NULL,
    kind text NOT NULL CONSTRAINT ck_demand_lines_kind CHECK (kind IN ('sale', 'return', 'order')),
    attempt integer NOT NULL,
    occurred_at timestamptz NOT NULL,
    day date NOT NULL,
    quantity bigint NOT NULL,
    cut_quantity bigint NOT NULL,
    amount_minor numeric NOT NULL,
    currency text,
    CONSTRAINT pk_demand_lines PRIMARY KEY (store_id, thread_id, document_id, gtin, unit)
);
CREATE INDEX ix_demand_lines_cell ON demand_lines (gtin, store_id, day);
CREATE TABLE withdrawals (
    store_id text NOT NULL,
    thread_id uuid NOT NULL,
    attempt integer NOT NULL,
    CONSTRAINT pk_withdrawals PRIMARY KEY (store_id, thread_id)
);
CREATE TABLE demand_days (
    store_id text NOT NULL,
    gtin text NOT NULL,
    day date NOT NULL,
    sold_sticks bigint NOT NULL,
    requested_sticks bigint NOT NULL,
    cut_sticks bigint NOT NULL,
    amount_minor numeric NOT NULL,
    currency text,
    CONSTRAINT pk_demand_days PRIMARY KEY (store_id, gtin, day)
);
CREATE INDEX ix_demand_days_store_day ON demand_days (store_id, day);
CREATE INDEX ix_demand_days_day ON demand_days (day);
CREATE TABLE demand_series (
    store_id text NOT NULL,
    gtin text NOT NULL,
    first_day date NOT NULL,
    last_day date NOT NULL,
    changed_at timestamptz NOT NULL,
    CONSTRAINT pk_demand_series PRIMARY KEY (store_id, gtin)
);
CREATE INDEX ix_demand_series_gtin ON demand_series (gtin, store_id);
CREATE TABLE stock_outs (
    alert_id uuid CONSTRAINT pk_stock_outs PRIMARY KEY,
    store_id text NOT NULL,
    gtin text NOT NULL,
    raised_at timestamptz NOT NULL,
    closed_at timestamptz
);
CREATE INDEX ix_stock_outs_series ON stock_outs (store_id, gtin, raised_at);
CREATE TABLE promotions (
    promotion_id text CONSTRAINT pk_promotions PRIMARY KEY,
    name text NOT NULL,
    starts_on date NOT NULL,
    ends_on date NOT NULL,
    store_ids text[],
    gtins text[],
    mechanic text NOT NULL,
    discount_percent double precision,
    version integer NOT NULL,
    changed_at timestamptz NOT NULL
);
CREATE INDEX ix_promotions_days ON promotions (ends_on, promotion_id);
"""


def upgrade() -> None:
    platform_tables.create()
    run_sql(CATALOGUE)
    run_sql(DEMAND)
