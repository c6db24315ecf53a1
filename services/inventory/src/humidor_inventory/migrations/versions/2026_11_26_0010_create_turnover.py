"""Create daily flows, cost prices and the sums that reports read; the ledger names the store's day."""

from humidor_common.db.migrate import run_sql

revision = "0010"
down_revision = "0009"

# The day a movement belongs to in the store's calendar; a void belongs to the day of its sale. What was
# entered before has none: there it is the date of `occurred_at` in the store's time zone.
DAYS = """
ALTER TABLE stock_ledger ADD COLUMN day date;
ALTER TABLE sale_documents ADD COLUMN day date;
ALTER TABLE parked_lines ADD COLUMN unit_price bigint, ADD COLUMN currency text;
"""

# A store's day lies together: sales touch few pages, and reports of a store read a range.
FLOWS = """
CREATE TABLE daily_flows (
    store_id text COLLATE "C" NOT NULL,
    gtin text COLLATE "C" NOT NULL,
    day date NOT NULL,
    sold_sticks bigint NOT NULL DEFAULT 0,
    returned_sticks bigint NOT NULL DEFAULT 0,
    received_sticks bigint NOT NULL DEFAULT 0,
    opened_sticks bigint NOT NULL DEFAULT 0,
    transferred_in_sticks bigint NOT NULL DEFAULT 0,
    transferred_out_sticks bigint NOT NULL DEFAULT 0,
    written_off_sticks bigint NOT NULL DEFAULT 0,
    adjusted_sticks bigint NOT NULL DEFAULT 0,
    quarantined_sticks bigint NOT NULL DEFAULT 0,
    revenue_minor bigint NOT NULL DEFAULT 0,
    unpriced_sticks bigint NOT NULL DEFAULT 0,
    CONSTRAINT pk_daily_flows PRIMARY KEY (store_id, day, gtin)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02);

-- The rollups hold all flows of a store up to this day; what comes late for it waits in `flow_corrections`.
CREATE TABLE closed_days (
    store_id text COLLATE "C" CONSTRAINT pk_closed_days PRIMARY KEY,
    through date NOT NULL
);
CREATE TABLE flow_corrections (LIKE daily_flows INCLUDING DEFAULTS);
ALTER TABLE flow_corrections
    ADD COLUMN correction_id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT pk_flow_corrections PRIMARY KEY;
"""

COSTS = """
ALTER TABLE products ADD COLUMN cost_price_per_pack bigint CHECK (cost_price_per_pack >= 0);
CREATE TABLE product_costs (
    gtin text COLLATE "C" NOT NULL CONSTRAINT fk_product_costs_product REFERENCES products,
    valid_from date NOT NULL,
    cost_price_per_pack bigint CHECK (cost_price_per_pack >= 0),
    changed_at timestamptz NOT NULL,
    CONSTRAINT pk_product_costs PRIMARY KEY (gtin, valid_from)
);
"""

# Sums of closed days, with the same figures. `stick_days` and `value_days` are what the flows of the period
# add to the sum of its daily closing balances: net * (last day of the period - day + 1). '' is "none".
FIGURES = (
    *("sold_sticks", "returned_sticks", "received_sticks", "opened_sticks", "transferred_in_sticks"),
    *("transferred_out_sticks", "written_off_sticks", "adjusted_sticks", "stick_days", "revenue_minor"),
    *("unpriced_sticks", "costed_revenue_minor", "cost_minor", "lost_minor", "value_minor", "value_days"),
    *("out_days", "carried_days"),
)
_COLUMNS = ", ".join(f"{name} bigint NOT NULL DEFAULT 0" for name in FIGURES)
ROLLUPS = f"""
CREATE TABLE monthly_flows (
    store_id text COLLATE "C" NOT NULL,
    gtin text COLLATE "C" NOT NULL,
    month date NOT NULL,
    {_COLUMNS},
    first_day date NOT NULL,
    last_sold_day date,
    CONSTRAINT pk_monthly_flows PRIMARY KEY (store_id, gtin, month)
) WITH (fillfactor = 90);
CREATE TABLE segment_flows (
    store_id text COLLATE "C" NOT NULL,
    brand text COLLATE "C" NOT NULL,
    price_class text COLLATE "C" NOT NULL,
    supplier_id text COLLATE "C" NOT NULL,
    currency text COLLATE "C" NOT NULL,
    month date NOT NULL,
    {_COLUMNS},
    CONSTRAINT pk_segment_flows PRIMARY KEY (store_id, brand, price_class, supplier_id, currency, month)
) WITH (fillfactor = 90);
CREATE TABLE store_days (
    store_id text COLLATE "C" NOT NULL,
    currency text COLLATE "C" NOT NULL,
    day date NOT NULL,
    {_COLUMNS},
    CONSTRAINT pk_store_days PRIMARY KEY (store_id, day, currency)
) WITH (fillfactor = 90);
CREATE TABLE product_days (
    gtin text COLLATE "C" NOT NULL,
    day date NOT NULL,
    {_COLUMNS},
    CONSTRAINT pk_product_days PRIMARY KEY (gtin, day)
) WITH (fillfactor = 90);
"""

# What the books hold so far. No price was kept, so everything sold is unpriced.
BACKFILL = """
INSERT INTO daily_flows (store_id, gtin, day, sold_sticks, returned_sticks, received_sticks, opened_sticks,
                         transferred_in_sticks, transferred_out_sticks, written_off_sticks, adjusted_sticks,
                         quarantined_sticks, unpriced_sticks)
SELECT * FROM (
    SELECT e.store_id, e.gtin, (e.occurred_at AT TIME ZONE coalesce(t.time_zone, 'UTC'))::date AS day,
           -coalesce(sum(delta_sticks) FILTER (WHERE reason IN ('sale', 'void')), 0) AS sold,
           coalesce(sum(delta_sticks) FILTER (WHERE reason = 'return'), 0) AS returned,
           coalesce(sum(delta_sticks) FILTER (WHERE reason = 'receipt'), 0) AS received,
           coalesce(sum(delta_sticks) FILTER (WHERE reason = 'opening'), 0) AS opened,
           coalesce(sum(delta_sticks) FILTER (WHERE reason = 'transfer_in'), 0) AS moved_in,
           -coalesce(sum(delta_sticks) FILTER (WHERE reason = 'transfer_out'), 0) AS moved_out,
           -coalesce(sum(delta_sticks) FILTER (WHERE reason = 'write_off'), 0) AS written_off,
           coalesce(sum(delta_sticks) FILTER (WHERE reason NOT IN (
               'sale', 'void', 'return', 'receipt', 'opening', 'transfer_in', 'transfer_out', 'write_off'
           )), 0) AS adjusted,
           coalesce(sum(delta_sticks) FILTER (WHERE bucket = 'quarantined'), 0) AS quarantined,
           -coalesce(sum(delta_sticks) FILTER (WHERE reason IN ('sale', 'void', 'return')), 0) AS unpriced
    FROM stock_ledger e LEFT JOIN stores t USING (store_id) GROUP BY 1, 2, 3
) f
WHERE (sold, returned, received, opened, moved_in, moved_out, written_off, adjusted, quarantined, unpriced)
      <> (0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
ORDER BY store_id, day, gtin;
"""


def upgrade() -> None:
    run_sql(DAYS)
    run_sql(FLOWS)
    run_sql(COSTS)
    run_sql(ROLLUPS)
    run_sql(BACKFILL)
