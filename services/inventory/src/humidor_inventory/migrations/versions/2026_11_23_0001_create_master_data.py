"""Create the platform's tables, products, stores and suppliers."""

from humidor_common.db import platform_tables
from humidor_common.db.migrate import run_sql

revision = "0001"
down_revision = None

SQL = """
CREATE TABLE suppliers (
    supplier_id text COLLATE "C" PRIMARY KEY,
    name text NOT NULL,
    lead_time_days integer NOT NULL DEFAULT 7 CHECK (lead_time_days BETWEEN 0 AND 3650),
    status text NOT NULL CHECK (status IN ('active', 'inactive')),
    version integer NOT NULL,
    changed_at timestamptz NOT NULL
);

CREATE TABLE stores (
    store_id text COLLATE "C" PRIMARY KEY,
    name text NOT NULL,
    time_zone text NOT NULL,
    licence_number text,
    status text NOT NULL CHECK (status IN ('open', 'closed')),
    version integer NOT NULL,
    changed_at timestamptz NOT NULL
);

CREATE TABLE products (
    gtin text COLLATE "C" PRIMARY KEY CHECK (gtin ~ '^[0-9]{14}$'),
    name text NOT NULL,
    brand text NOT NULL,
    manufacturer text,
    status text NOT NULL CHECK (status IN ('active', 'discontinued')),
    price_class text,
    sticks_per_pack integer NOT NULL CHECK (sticks_per_pack BETWEEN 1 AND 100000),
    packs_per_carton integer NOT NULL CHECK (packs_per_carton BETWEEN 1 AND 100000),
    cartons_per_case integer NOT NULL CHECK (cartons_per_case BETWEEN 1 AND 100000),
    shelf_life_days integer CHECK (shelf_life_days BETWEEN 1 AND 36500),
    retail_price_per_pack bigint CHECK (retail_price_per_pack >= 0),
    currency text,
    supplier_id text COLLATE "C" CONSTRAINT fk_products_supplier REFERENCES suppliers,
    lead_time_days integer CHECK (lead_time_days BETWEEN 0 AND 3650),
    order_multiple_packs integer CHECK (order_multiple_packs BETWEEN 1 AND 1000000),
    version integer NOT NULL,
    changed_at timestamptz NOT NULL
);
CREATE INDEX ix_products_brand ON products (brand, gtin);
CREATE INDEX ix_products_supplier ON products (supplier_id, gtin);
"""


def upgrade() -> None:
    platform_tables.create()
    run_sql(SQL)
