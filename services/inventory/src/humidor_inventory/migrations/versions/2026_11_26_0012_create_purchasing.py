"""Create suppliers' terms and measures, states of orders, shipments, discrepancies and returns."""

from humidor_common.db.migrate import run_sql

revision = "0012"
down_revision = "0010"

SUPPLIERS = """
-- `planned_lead_time_days` is what orders and levels count with: what was measured, else what was stated.
ALTER TABLE suppliers
    ADD contacts jsonb NOT NULL DEFAULT '[]',
    ADD currency text CHECK (currency ~ '^[A-Z]{3}$'),
    ADD payment_terms_days integer CHECK (payment_terms_days BETWEEN 0 AND 730),
    ADD over_receipt text NOT NULL DEFAULT 'ask' CHECK (over_receipt IN ('ask', 'refuse')),
    ADD over_receipt_percent integer NOT NULL DEFAULT 20 CHECK (over_receipt_percent BETWEEN 0 AND 1000),
    ADD lead_time_source text NOT NULL DEFAULT 'measured' CHECK (lead_time_source IN ('measured', 'stated')),
    ADD measured_lead_time_days double precision, ADD measured_lead_time_sd_days double precision,
    ADD measured_deliveries integer NOT NULL DEFAULT 0,
    ADD measured_at timestamptz;
ALTER TABLE suppliers ADD planned_lead_time_days double precision GENERATED ALWAYS AS (
    CASE WHEN lead_time_source = 'measured' THEN coalesce(measured_lead_time_days, lead_time_days)
         ELSE lead_time_days END) STORED;

-- Of the lists that hold on a day the one that began last counts, and of its steps the highest reached.
CREATE TABLE supplier_prices (
    supplier_id text COLLATE "C" NOT NULL CONSTRAINT fk_supplier_prices_supplier REFERENCES suppliers,
    gtin text COLLATE "C" NOT NULL CONSTRAINT fk_supplier_prices_product REFERENCES products,
    valid_from date NOT NULL,
    minimum_sticks bigint NOT NULL CHECK (minimum_sticks >= 0),
    valid_until date CHECK (valid_until >= valid_from),
    price_minor bigint NOT NULL CHECK (price_minor >= 0),
    unit text NOT NULL CHECK (unit IN ('stick', 'pack', 'carton', 'case')),
    currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    changed_at timestamptz NOT NULL, changed_by text NOT NULL,
    CONSTRAINT pk_supplier_prices PRIMARY KEY (supplier_id, gtin, valid_from, minimum_sticks)
);

CREATE TABLE supplier_keys (
    key_id text COLLATE "C" CONSTRAINT pk_supplier_keys PRIMARY KEY,
    supplier_id text COLLATE "C" NOT NULL CONSTRAINT fk_supplier_keys_supplier REFERENCES suppliers,
    name text NOT NULL, key_hash bytea NOT NULL, created_at timestamptz NOT NULL, created_by text NOT NULL,
    revoked_at timestamptz
);
CREATE INDEX ix_supplier_keys_supplier ON supplier_keys (supplier_id, key_id);

CREATE TABLE supplier_webhooks (
    supplier_id text COLLATE "C" CONSTRAINT pk_supplier_webhooks PRIMARY KEY
        CONSTRAINT fk_supplier_webhooks_supplier REFERENCES suppliers,
    url text NOT NULL, secret text NOT NULL, enabled boolean NOT NULL, version integer NOT NULL,
    changed_at timestamptz NOT NULL,
    changed_by text NOT NULL
);
CREATE TABLE supplier_notices (
    delivery_id uuid CONSTRAINT pk_supplier_notices PRIMARY KEY
        CONSTRAINT fk_supplier_notices_delivery REFERENCES deliveries ON DELETE CASCADE,
    supplier_id text COLLATE "C" NOT NULL
);
CREATE INDEX ix_supplier_notices_supplier ON supplier_notices (supplier_id, delivery_id);
"""

ORDERS = """
ALTER TABLE purchase_orders
    DROP CONSTRAINT purchase_orders_state_check,
    ADD CONSTRAINT ck_purchase_orders_state CHECK (state IN (
        'draft', 'pending_approval', 'placed', 'confirmed', 'shipped', 'partially_received', 'received',
        'cancelled', 'rejected')),
    ALTER approved_by DROP NOT NULL, ALTER placed_at DROP NOT NULL,
    ADD origin text NOT NULL DEFAULT 'suggestion' CHECK (origin IN ('suggestion', 'plan', 'manual')),
    ADD plan_id uuid, ADD currency text, ADD value_minor bigint, ADD note text, ADD created_at timestamptz,
    ADD created_by text, ADD promised_on date, ADD confirmed_at timestamptz, ADD supplier_reference text,
    ADD proposal jsonb, ADD shipped_at timestamptz, ADD first_received_at timestamptz,
    ADD last_received_at timestamptz,
    ADD version integer NOT NULL DEFAULT 1;
UPDATE purchase_orders SET created_at = placed_at, created_by = approved_by;
ALTER TABLE purchase_orders ALTER created_at SET NOT NULL, ALTER created_by SET NOT NULL,
    ALTER state TYPE text COLLATE "C";
-- `awaited`: the supplier has it and owes goods, which are on order. `due_on`: when they shall be there.
ALTER TABLE purchase_orders
    ADD awaited boolean NOT NULL GENERATED ALWAYS AS
        (state IN ('placed', 'confirmed', 'shipped', 'partially_received')) STORED,
    ADD due_on date GENERATED ALWAYS AS (coalesce(promised_on, expected_on)) STORED;
CREATE INDEX ix_purchase_orders_supplier ON purchase_orders (supplier_id, purchase_order_id);
CREATE INDEX ix_purchase_orders_due ON purchase_orders (due_on, purchase_order_id) WHERE awaited;
CREATE INDEX ix_purchase_orders_due_store ON purchase_orders (store_id, due_on, purchase_order_id)
    WHERE awaited;

-- `requested_sticks` is what the buyer wants, `ordered_sticks` what the supplier has agreed to deliver.
ALTER TABLE purchase_order_lines
    DROP CONSTRAINT purchase_order_lines_ordered_sticks_check,
    ADD CONSTRAINT ck_purchase_order_lines_ordered CHECK (ordered_sticks >= 0),
    ADD requested_sticks bigint CHECK (requested_sticks >= 0),
    ADD price_minor bigint, ADD price_unit text, ADD price_source text, ADD value_minor bigint;
UPDATE purchase_order_lines SET requested_sticks = ordered_sticks;
ALTER TABLE purchase_order_lines ALTER requested_sticks SET NOT NULL;

CREATE TABLE purchase_order_history (
    history_id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT pk_purchase_order_history PRIMARY KEY,
    purchase_order_id uuid NOT NULL CONSTRAINT fk_purchase_order_history_order REFERENCES purchase_orders,
    action text NOT NULL, state text NOT NULL, actor text NOT NULL, at timestamptz NOT NULL, reason text,
    changes jsonb
);
CREATE INDEX ix_purchase_order_history_order ON purchase_order_history (purchase_order_id, history_id);

-- `limits` is {role: minor units}; a role that is not named may approve any value.
CREATE TABLE approval_limits (
    currency text CONSTRAINT pk_approval_limits PRIMARY KEY CHECK (currency ~ '^[A-Z]{3}$'),
    limits jsonb NOT NULL,
    four_eyes_minor bigint CHECK (four_eyes_minor >= 0),
    version integer NOT NULL, changed_at timestamptz NOT NULL,
    changed_by text NOT NULL
);
"""

ARRIVALS = """
CREATE TABLE shipments (
    shipment_id uuid CONSTRAINT pk_shipments PRIMARY KEY,
    supplier_id text COLLATE "C" NOT NULL, asn_number text COLLATE "C" NOT NULL,
    purchase_order_id uuid NOT NULL CONSTRAINT fk_shipments_order REFERENCES purchase_orders,
    store_id text COLLATE "C" NOT NULL,
    state text NOT NULL CHECK (state IN ('announced', 'received', 'withdrawn')),
    shipped_at timestamptz NOT NULL, expected_on date, carrier text, tracking text,
    announced_at timestamptz NOT NULL, announced_by text NOT NULL, digest bytea NOT NULL,
    receipt_id uuid CONSTRAINT fk_shipments_receipt REFERENCES receipts,
    CONSTRAINT uq_shipments_asn UNIQUE (supplier_id, asn_number)
);
CREATE INDEX ix_shipments_order ON shipments (purchase_order_id);
CREATE INDEX ix_shipments_store ON shipments (store_id, shipment_id);

CREATE TABLE shipment_lines (
    shipment_id uuid NOT NULL CONSTRAINT fk_shipment_lines_shipment REFERENCES shipments,
    line integer NOT NULL, gtin text COLLATE "C" NOT NULL, lot text COLLATE "C",
    quantity bigint NOT NULL CHECK (quantity > 0),
    unit text NOT NULL,
    quantity_sticks bigint NOT NULL CHECK (quantity_sticks > 0),
    production_date date, expiry_date date,
    codes text[] NOT NULL,
    CONSTRAINT pk_shipment_lines PRIMARY KEY (shipment_id, line)
);

ALTER TABLE receipts ADD shipment_id uuid CONSTRAINT fk_receipts_shipment REFERENCES shipments;
ALTER TABLE receipt_lines ADD damaged_sticks bigint NOT NULL DEFAULT 0
    CHECK (damaged_sticks BETWEEN 0 AND quantity_sticks);

-- How much usually comes in at once, newest last, to notice a unit that was mistaken.
CREATE TABLE receipt_habits (
    store_id text COLLATE "C" NOT NULL, gtin text COLLATE "C" NOT NULL,
    recent_sticks bigint[] NOT NULL,
    CONSTRAINT pk_receipt_habits PRIMARY KEY (store_id, gtin)
) WITH (fillfactor = 80);

CREATE TABLE discrepancies (
    discrepancy_id uuid CONSTRAINT pk_discrepancies PRIMARY KEY,
    store_id text COLLATE "C" NOT NULL, supplier_id text COLLATE "C",
    purchase_order_id uuid NOT NULL CONSTRAINT fk_discrepancies_order REFERENCES purchase_orders,
    receipt_id uuid CONSTRAINT fk_discrepancies_receipt REFERENCES receipts,
    gtin text COLLATE "C" NOT NULL, lot text COLLATE "C",
    kind text COLLATE "C" NOT NULL CHECK (kind IN ('short', 'over', 'wrong_product', 'damaged', 'price')),
    expected bigint NOT NULL, actual bigint NOT NULL,
    state text COLLATE "C" NOT NULL CHECK (state IN ('open', 'resolved')),
    resolution text CHECK (resolution IN ('accept', 'return', 'claim')),
    claimed_minor bigint CHECK (claimed_minor >= 0),
    supplier_return_id uuid, note text, recorded_at timestamptz NOT NULL, recorded_by text NOT NULL,
    resolved_at timestamptz,
    resolved_by text
);
CREATE INDEX ix_discrepancies_store ON discrepancies (store_id, discrepancy_id);
CREATE INDEX ix_discrepancies_order ON discrepancies (purchase_order_id, discrepancy_id);
CREATE INDEX ix_discrepancies_open ON discrepancies (discrepancy_id) WHERE state = 'open';

CREATE TABLE supplier_returns (
    supplier_return_id uuid CONSTRAINT pk_supplier_returns PRIMARY KEY,
    store_id text COLLATE "C" NOT NULL,
    supplier_id text COLLATE "C" NOT NULL CONSTRAINT fk_supplier_returns_supplier REFERENCES suppliers,
    purchase_order_id uuid CONSTRAINT fk_supplier_returns_order REFERENCES purchase_orders,
    state text COLLATE "C" NOT NULL CHECK (state IN ('draft', 'dispatched', 'credited', 'cancelled')),
    reason text NOT NULL, note text, created_at timestamptz NOT NULL, created_by text NOT NULL,
    dispatched_at timestamptz, dispatched_by text, closed_at timestamptz, closed_by text, credit_note text,
    credited_minor bigint CHECK (credited_minor >= 0),
    currency text
);
CREATE INDEX ix_supplier_returns_store ON supplier_returns (store_id, supplier_return_id);
CREATE INDEX ix_supplier_returns_supplier ON supplier_returns (supplier_id, supplier_return_id);
ALTER TABLE discrepancies ADD CONSTRAINT fk_discrepancies_return
    FOREIGN KEY (supplier_return_id) REFERENCES supplier_returns;

CREATE TABLE supplier_return_lines (
    supplier_return_id uuid NOT NULL CONSTRAINT fk_supplier_return_lines_return REFERENCES supplier_returns,
    line integer NOT NULL, gtin text COLLATE "C" NOT NULL, lot text COLLATE "C" NOT NULL,
    bucket text NOT NULL CHECK (bucket IN ('on_hand', 'quarantined')),
    quantity_sticks bigint NOT NULL CHECK (quantity_sticks > 0),
    CONSTRAINT pk_supplier_return_lines PRIMARY KEY (supplier_return_id, line)
);
"""

MEASURES = """
-- What each order has shown of its supplier; written with its first receipt and when it is closed.
CREATE TABLE supplier_deliveries (
    purchase_order_id uuid CONSTRAINT pk_supplier_deliveries PRIMARY KEY
        CONSTRAINT fk_supplier_deliveries_order REFERENCES purchase_orders,
    supplier_id text COLLATE "C" NOT NULL, store_id text COLLATE "C" NOT NULL,
    placed_at timestamptz NOT NULL, first_received_at timestamptz NOT NULL,
    first_days double precision NOT NULL, completed_at timestamptz,
    last_days double precision
);
CREATE INDEX ix_supplier_deliveries_recent ON supplier_deliveries (supplier_id, first_received_at);
CREATE INDEX ix_supplier_deliveries_store ON supplier_deliveries (supplier_id, store_id, first_received_at);

-- A row a store and month: receipts of one store wait for each other anyway, those of others do not.
CREATE TABLE supplier_months (
    supplier_id text COLLATE "C" NOT NULL, month date NOT NULL, store_id text COLLATE "C" NOT NULL,
    orders_placed bigint NOT NULL DEFAULT 0, orders_closed bigint NOT NULL DEFAULT 0,
    orders_failed bigint NOT NULL DEFAULT 0, orders_promised bigint NOT NULL DEFAULT 0,
    orders_on_time bigint NOT NULL DEFAULT 0, requested_sticks bigint NOT NULL DEFAULT 0,
    filled_sticks bigint NOT NULL DEFAULT 0, receipts bigint NOT NULL DEFAULT 0,
    received_sticks bigint NOT NULL DEFAULT 0, short_sticks bigint NOT NULL DEFAULT 0,
    over_sticks bigint NOT NULL DEFAULT 0, wrong_product_sticks bigint NOT NULL DEFAULT 0,
    damaged_sticks bigint NOT NULL DEFAULT 0, returned_sticks bigint NOT NULL DEFAULT 0,
    price_differences bigint NOT NULL DEFAULT 0,
    CONSTRAINT pk_supplier_months PRIMARY KEY (supplier_id, month, store_id)
) WITH (fillfactor = 70);
"""


def upgrade() -> None:
    run_sql(SUPPLIERS)
    run_sql(ORDERS)
    run_sql(ARRIVALS)
    run_sql(MEASURES)
