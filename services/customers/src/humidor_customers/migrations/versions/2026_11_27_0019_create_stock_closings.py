"""Create what stores had at the end of each month; profiles learn what customers say of themselves."""

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

# At the end of the row: what customers say in surveys, which few of them answer.
STATED = """
ALTER TABLE profiles
    ADD COLUMN recommendation smallint CHECK (recommendation BETWEEN 0 AND 10),
    ADD COLUMN stated_brand text,
    ADD COLUMN stated_price_class text;
"""


def upgrade() -> None:
    run_sql(CLOSINGS)
    run_sql(STATED)
