"""Sum turnover by segment and by day as well, at exact cost, and remember what it was added up with."""

from humidor_common.db.migrate import run_sql

revision = "0016"
down_revision = "0011"

# Figures in `_e4` are ten-thousandths of minor units: the cost of a stick is a whole number of them, so that
# sums are exact and what was added can be taken out again. '' is "none". In `_bits` each day of the month
# is a bit, the lowest the first.
COLUMNS = ", ".join(
    f"{name} bigint NOT NULL DEFAULT 0"
    for name in (
        *("sold_sticks", "returned_sticks", "received_sticks", "opened_sticks", "transferred_in_sticks"),
        *("transferred_out_sticks", "written_off_sticks", "adjusted_sticks", "stick_days", "revenue_minor"),
        *("unpriced_sticks", "costed_revenue_minor", "cost_e4", "lost_e4", "value_e4", "value_days_e4"),
        *("out_days", "carried_days"),
    )
)
ROLLUPS = f"""
DROP TABLE monthly_flows, segment_flows, store_days, product_days;
CREATE TABLE monthly_flows (
    store_id text COLLATE "C" NOT NULL,
    gtin text COLLATE "C" NOT NULL,
    month date NOT NULL,
    {COLUMNS},
    first_day date NOT NULL,
    last_sold_day date,
    out_bits integer NOT NULL DEFAULT 0,
    carried_bits integer NOT NULL DEFAULT 0,
    CONSTRAINT pk_monthly_flows PRIMARY KEY (store_id, gtin, month)
) WITH (fillfactor = 90);
CREATE INDEX ix_monthly_flows_gtin ON monthly_flows (gtin, month, store_id);
CREATE TABLE segment_flows (
    store_id text COLLATE "C" NOT NULL,
    brand text COLLATE "C" NOT NULL,
    price_class text COLLATE "C" NOT NULL,
    supplier_id text COLLATE "C" NOT NULL,
    currency text COLLATE "C" NOT NULL,
    month date NOT NULL,
    {COLUMNS},
    carried_skus bigint NOT NULL DEFAULT 0,
    sold_skus bigint NOT NULL DEFAULT 0,
    CONSTRAINT pk_segment_flows PRIMARY KEY (store_id, month, brand, price_class, supplier_id, currency)
) WITH (fillfactor = 90);
CREATE TABLE store_days (
    store_id text COLLATE "C" NOT NULL,
    currency text COLLATE "C" NOT NULL,
    day date NOT NULL,
    {COLUMNS},
    CONSTRAINT pk_store_days PRIMARY KEY (store_id, day, currency)
) WITH (fillfactor = 90);
CREATE TABLE store_months (
    store_id text COLLATE "C" NOT NULL,
    currency text COLLATE "C" NOT NULL,
    month date NOT NULL,
    {COLUMNS},
    CONSTRAINT pk_store_months PRIMARY KEY (store_id, month, currency)
) WITH (fillfactor = 90);
CREATE TABLE product_days (
    gtin text COLLATE "C" NOT NULL,
    day date NOT NULL,
    {COLUMNS},
    CONSTRAINT pk_product_days PRIMARY KEY (gtin, day)
) WITH (fillfactor = 90);
CREATE TABLE product_months (
    gtin text COLLATE "C" NOT NULL,
    month date NOT NULL,
    {COLUMNS},
    CONSTRAINT pk_product_months PRIMARY KEY (gtin, month)
) WITH (fillfactor = 90);
"""

# A difference between these and the catalogue is carried into the rollups.
ROLLED = """
CREATE TABLE rolled_products (
    gtin text COLLATE "C" CONSTRAINT pk_rolled_products PRIMARY KEY,
    brand text COLLATE "C" NOT NULL,
    price_class text COLLATE "C" NOT NULL,
    supplier_id text COLLATE "C" NOT NULL,
    currency text COLLATE "C" NOT NULL
);
CREATE TABLE rolled_costs (
    gtin text COLLATE "C" NOT NULL,
    valid_from date NOT NULL,
    unit_cost_e4 bigint,
    CONSTRAINT pk_rolled_costs PRIMARY KEY (gtin, valid_from)
);
"""


def upgrade() -> None:
    run_sql(ROLLUPS)
    run_sql(ROLLED)
