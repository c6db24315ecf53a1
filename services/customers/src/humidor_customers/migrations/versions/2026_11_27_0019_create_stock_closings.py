"""Create what stores had at the end of each month, which stock is measured by sales with."""

from humidor_common.db.migrate import run_sql

revision = "0019"
down_revision = "0018"

CLOSINGS = """
CREATE TABLE stock_closings (
    told_at timestamptz NOT NULL,
    month date NOT NULL,
    store_id text COLLATE "C" NOT NULL,
    CONSTRAINT pk_stock_closings PRIMARY KEY (month, store_id)
);
CREATE TABLE stock_closing_products (
    sticks bigint NOT NULL,
    month date NOT NULL,
    store_id text COLLATE "C" NOT NULL,
    gtin text COLLATE "C" NOT NULL,
    CONSTRAINT pk_stock_closing_products PRIMARY KEY (month, store_id, gtin)
);
"""


def upgrade() -> None:
    run_sql(CLOSINGS)
