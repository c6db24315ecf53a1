"""Create levels, alerts, suggestions, purchase orders, receipts and adjustments."""

from humidor_common.db.migrate import run_sql

revision = "0003"
down_revision = "0002"

REPLENISHMENT = """
CREATE TABLE levels (
    store_id text COLLATE "C" NOT NULL,
    gtin text COLLATE "C" NOT NULL CONSTRAINT fk_levels_product REFERENCES products,
    unit text NOT NULL CHECK (unit IN ('stick', 'pack', 'carton', 'case')),
    reorder_point_sticks bigint NOT NULL CHECK (reorder_point_sticks >= 0),
    order_up_to_sticks bigint NOT NULL CHECK (order_up_to_sticks >= reorder_point_sticks),
    order_multiple_sticks bigint NOT NULL CHECK (order_multiple_sticks > 0),
    minimum_order_sticks bigint NOT NULL CHECK (minimum_order_sticks >= 0),
    auto_approve boolean NOT NULL,
    version integer NOT NULL,
    changed_at timestamptz NOT NULL,
    CONSTRAINT pk_levels PRIMARY KEY (store_id, gtin)
);

CREATE TABLE purchase_orders (
    purchase_order_id uuid PRIMARY KEY,
    store_id text COLLATE "C" NOT NULL,
    supplier_id text COLLATE "C",
    state text NOT NULL CHECK (state IN ('placed', 'partially_received', 'received', 'cancelled')),
    approved_by text NOT NULL,
    expected_on date,
    placed_at timestamptz NOT NULL,
    closed_at timestamptz,
    closed_reason text
);
CREATE INDEX ix_purchase_orders_store ON purchase_orders (store_id, purchase_order_id);
CREATE INDEX ix_purchase_orders_state ON purchase_orders (state, purchase_order_id);

CREATE TABLE purchase_order_lines (
    purchase_order_id uuid NOT NULL CONSTRAINT fk_purchase_order_lines_order REFERENCES purchase_orders,
    gtin text COLLATE "C" NOT NULL,
    ordered_sticks bigint NOT NULL CHECK (ordered_sticks > 0),
    received_sticks bigint NOT NULL DEFAULT 0 CHECK (received_sticks >= 0),
    CONSTRAINT pk_purchase_order_lines PRIMARY KEY (purchase_order_id, gtin)
);

CREATE TABLE alerts (
    alert_id uuid PRIMARY KEY,
    store_id text COLLATE "C" NOT NULL,
    gtin text COLLATE "C" NOT NULL,
    kind text NOT NULL,
    state text NOT NULL CHECK (state IN ('open', 'ordered', 'closed')),
    on_hand_sticks bigint NOT NULL,
    reserved_sticks bigint NOT NULL,
    on_order_sticks bigint NOT NULL,
    reorder_point_sticks bigint NOT NULL,
    suggestion_refused boolean NOT NULL DEFAULT false,
    purchase_order_id uuid CONSTRAINT fk_alerts_order REFERENCES purchase_orders,
    raised_at timestamptz NOT NULL,
    closed_at timestamptz,
    closed_reason text
);
CREATE UNIQUE INDEX uq_alerts_open ON alerts (store_id, gtin, kind) WHERE closed_at IS NULL;
CREATE INDEX ix_alerts_store ON alerts (store_id, alert_id);

CREATE TABLE replenishments (
    replenishment_id uuid PRIMARY KEY,
    store_id text COLLATE "C" NOT NULL,
    gtin text COLLATE "C" NOT NULL,
    state text NOT NULL CHECK (state IN ('open', 'approved', 'rejected', 'withdrawn')),
    on_hand_sticks bigint NOT NULL,
    reserved_sticks bigint NOT NULL,
    on_order_sticks bigint NOT NULL,
    reorder_point_sticks bigint NOT NULL,
    order_up_to_sticks bigint NOT NULL,
    order_multiple_sticks bigint NOT NULL,
    minimum_order_sticks bigint NOT NULL,
    quantity_sticks bigint NOT NULL CHECK (quantity_sticks > 0),
    formula text NOT NULL,
    alert_id uuid NOT NULL CONSTRAINT fk_replenishments_alert REFERENCES alerts,
    purchase_order_id uuid CONSTRAINT fk_replenishments_order REFERENCES purchase_orders,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    decided_by text,
    decided_reason text
);
CREATE UNIQUE INDEX uq_replenishments_open ON replenishments (store_id, gtin) WHERE state = 'open';
CREATE INDEX ix_replenishments_store ON replenishments (store_id, replenishment_id);
CREATE INDEX ix_replenishments_state ON replenishments (state, replenishment_id);
"""

RECEIPTS = """
CREATE TABLE receipts (
    receipt_id uuid PRIMARY KEY,
    store_id text COLLATE "C" NOT NULL,
    kind text NOT NULL CHECK (kind IN ('purchase', 'opening')),
    purchase_order_id uuid CONSTRAINT fk_receipts_order REFERENCES purchase_orders,
    received_at timestamptz NOT NULL,
    received_by text NOT NULL,
    differences jsonb NOT NULL
);
CREATE INDEX ix_receipts_store ON receipts (store_id, receipt_id);
CREATE INDEX ix_receipts_order ON receipts (purchase_order_id) WHERE purchase_order_id IS NOT NULL;

CREATE TABLE receipt_lines (
    receipt_id uuid NOT NULL CONSTRAINT fk_receipt_lines_receipt REFERENCES receipts,
    line integer NOT NULL,
    gtin text COLLATE "C" NOT NULL,
    lot text COLLATE "C" NOT NULL,
    quantity_sticks bigint NOT NULL CHECK (quantity_sticks > 0),
    CONSTRAINT pk_receipt_lines PRIMARY KEY (receipt_id, line)
);

CREATE TABLE adjustments (
    adjustment_id uuid PRIMARY KEY,
    store_id text COLLATE "C" NOT NULL,
    gtin text COLLATE "C" NOT NULL,
    lot text COLLATE "C" NOT NULL,
    bucket text NOT NULL CHECK (bucket IN ('on_hand', 'quarantined')),
    delta_sticks bigint NOT NULL CHECK (delta_sticks <> 0),
    reason_code text NOT NULL,
    note text,
    adjusted_at timestamptz NOT NULL,
    adjusted_by text NOT NULL
);
CREATE INDEX ix_adjustments_store ON adjustments (store_id, gtin, adjustment_id);
"""


def upgrade() -> None:
    run_sql(REPLENISHMENT)
    run_sql(RECEIPTS)
