"""Create the sums of the market: by day, store and product, and what is added up of them."""

from humidor_common.db.migrate import run_sql

revision = "0011"
down_revision = "0014"

# Sticks and money are net of returns; `left_out` counts lines too large to be true, which are in no sum.
_FIGURES = """
    sticks bigint NOT NULL,
    net_minor bigint NOT NULL,
    sales bigint NOT NULL,
    customers bigint NOT NULL,
    left_out bigint NOT NULL,
    {period} date NOT NULL,
    wholesale boolean NOT NULL,
"""
MARKET = f"""
CREATE TABLE market_days (
    {_FIGURES.format(period="day")}
    store_id text COLLATE "C" NOT NULL,
    gtin text COLLATE "C" NOT NULL,
    currency text COLLATE "C" NOT NULL,
    CONSTRAINT pk_market_days PRIMARY KEY (day, store_id, gtin, currency, wholesale)
) WITH (fillfactor = 90);
CREATE TABLE market_months (
    {_FIGURES.format(period="month")}
    store_id text COLLATE "C" NOT NULL,
    gtin text COLLATE "C" NOT NULL,
    currency text COLLATE "C" NOT NULL,
    CONSTRAINT pk_market_months PRIMARY KEY (month, store_id, gtin, currency, wholesale)
) WITH (fillfactor = 80);
CREATE TABLE market_quarters (
    {_FIGURES.format(period="quarter")}
    store_id text COLLATE "C" NOT NULL,
    gtin text COLLATE "C" NOT NULL,
    currency text COLLATE "C" NOT NULL,
    CONSTRAINT pk_market_quarters PRIMARY KEY (quarter, store_id, gtin, currency, wholesale)
) WITH (fillfactor = 80);
CREATE TABLE market_product_days (
    {_FIGURES.format(period="day")}
    gtin text COLLATE "C" NOT NULL,
    currency text COLLATE "C" NOT NULL,
    CONSTRAINT pk_market_product_days PRIMARY KEY (day, gtin, currency, wholesale)
) WITH (fillfactor = 70);

-- Stores with the same area, market type, format and sales line are one place. Where a store is counted
-- stands in market_store_places; if it is another place now, the worker moves its sums.
CREATE TABLE market_places (
    place_id integer GENERATED ALWAYS AS IDENTITY CONSTRAINT pk_market_places PRIMARY KEY,
    trade_area text COLLATE "C" NOT NULL,
    market_type text COLLATE "C" NOT NULL,
    business_format text COLLATE "C" NOT NULL,
    sales_line text COLLATE "C" NOT NULL,
    CONSTRAINT uq_market_places UNIQUE (trade_area, market_type, business_format, sales_line)
);
CREATE TABLE market_store_places (
    store_id text COLLATE "C" CONSTRAINT pk_market_store_places PRIMARY KEY,
    place_id integer NOT NULL CONSTRAINT fk_market_store_places_place REFERENCES market_places
);
CREATE TABLE market_place_days (
    {_FIGURES.format(period="day")}
    place_id integer NOT NULL,
    gtin text COLLATE "C" NOT NULL,
    currency text COLLATE "C" NOT NULL,
    CONSTRAINT pk_market_place_days PRIMARY KEY (day, place_id, gtin, currency, wholesale)
) WITH (fillfactor = 80);
CREATE TABLE market_place_months (
    {_FIGURES.format(period="month")}
    place_id integer NOT NULL,
    gtin text COLLATE "C" NOT NULL,
    currency text COLLATE "C" NOT NULL,
    CONSTRAINT pk_market_place_months PRIMARY KEY (month, place_id, gtin, currency, wholesale)
) WITH (fillfactor = 70);

-- Stores whose days are to be summed up anew from the first.
CREATE TABLE market_stores_to_sum (store_id text COLLATE "C" CONSTRAINT pk_market_stores_to_sum PRIMARY KEY);
"""


def upgrade() -> None:
    run_sql(MARKET)
