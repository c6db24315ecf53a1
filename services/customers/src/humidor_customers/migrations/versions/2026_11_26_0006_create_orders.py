"""Create orders of trade customers with both quantities, payments, claims and plans."""

from humidor_common.db.migrate import run_sql

revision = "0006"
down_revision = "0005"

ORDERS = """
ALTER TABLE order_groups ADD COLUMN prepaid boolean NOT NULL DEFAULT false;

CREATE TABLE orders (
    order_id uuid CONSTRAINT pk_orders PRIMARY KEY,
    retailer_id text COLLATE "C" NOT NULL CONSTRAINT fk_orders_retailer REFERENCES retailers,
    cycle_id uuid NOT NULL CONSTRAINT fk_orders_cycle REFERENCES order_cycles,
    store_id text COLLATE "C" NOT NULL CONSTRAINT fk_orders_store REFERENCES stores,
    state text NOT NULL CHECK (state IN ('draft', 'confirmed', 'refused', 'reserved', 'dispatched',
                                         'delivered', 'cancelled', 'lapsed')),
    stock text NOT NULL CHECK (stock IN ('none', 'asked', 'reserved', 'refused', 'releasing', 'released',
                                         'shipping', 'shipped')),
    payment text NOT NULL CHECK (payment IN ('none', 'due', 'paid', 'failed')),
    prepaid boolean NOT NULL,
    accept_less boolean NOT NULL,
    note text,
    currency text NOT NULL,
    value_minor bigint NOT NULL CHECK (value_minor >= 0),
    paid_minor bigint NOT NULL,
    closes_at timestamptz NOT NULL DEFAULT now(),
    delivery_on date NOT NULL,
    attempt integer NOT NULL,
    exceptions text[] NOT NULL,
    refusal_code text,
    closed_code text,
    closed_reason text,
    proof jsonb,
    placed_at timestamptz NOT NULL,
    placed_by text NOT NULL,
    confirmed_at timestamptz,
    reserved_at timestamptz,
    dispatched_at timestamptz,
    delivered_at timestamptz,
    closed_at timestamptz,
    version integer NOT NULL,
    changed_at timestamptz NOT NULL
);
CREATE INDEX ix_orders_retailer ON orders (retailer_id, order_id);
CREATE INDEX ix_orders_retailer_cycle ON orders (retailer_id, cycle_id);
CREATE INDEX ix_orders_cycle ON orders (cycle_id, order_id);
CREATE INDEX ix_orders_store ON orders (store_id, order_id);
CREATE INDEX ix_orders_unpaid ON orders (retailer_id) WHERE payment IN ('due', 'failed');
CREATE INDEX ix_orders_open ON orders (closes_at) WHERE state IN ('draft', 'refused');

CREATE TABLE order_lines (
    order_id uuid NOT NULL CONSTRAINT fk_order_lines_order REFERENCES orders,
    line smallint NOT NULL,
    gtin text COLLATE "C" NOT NULL CONSTRAINT fk_order_lines_product REFERENCES products,
    unit text NOT NULL,
    multiple_sticks bigint NOT NULL CHECK (multiple_sticks > 0),
    requested_sticks bigint NOT NULL CHECK (requested_sticks > 0),
    ordered_sticks bigint NOT NULL CHECK (ordered_sticks BETWEEN 0 AND requested_sticks),
    cuts jsonb NOT NULL,
    price_segment text COLLATE "C",
    minor_per_carton bigint NOT NULL,
    sticks_per_carton integer NOT NULL,
    reserved_sticks bigint CHECK (reserved_sticks BETWEEN 0 AND ordered_sticks),
    free_sticks bigint,
    delivered_sticks bigint CHECK (delivered_sticks >= 0),
    CONSTRAINT pk_order_lines PRIMARY KEY (order_id, line),
    CONSTRAINT uq_order_lines_product UNIQUE (order_id, gtin)
);

CREATE TABLE order_lots (
    order_id uuid NOT NULL CONSTRAINT fk_order_lots_order REFERENCES orders,
    gtin text COLLATE "C" NOT NULL,
    lot text COLLATE "C" NOT NULL,
    sticks bigint NOT NULL,
    CONSTRAINT pk_order_lots PRIMARY KEY (order_id, gtin, lot)
);
CREATE INDEX ix_order_lots_lot ON order_lots (gtin, lot, order_id);

CREATE TABLE order_debits (
    debit_id uuid CONSTRAINT pk_order_debits PRIMARY KEY,
    order_id uuid NOT NULL CONSTRAINT fk_order_debits_order REFERENCES orders,
    outcome text NOT NULL CHECK (outcome IN ('paid', 'failed', 'refunded')),
    amount_minor bigint NOT NULL CHECK (amount_minor >= 0),
    reference text COLLATE "C" NOT NULL CONSTRAINT uq_order_debits_reference UNIQUE,
    reason text,
    booked_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    recorded_by text NOT NULL
);
CREATE INDEX ix_order_debits_order ON order_debits (order_id, debit_id);

CREATE TABLE order_claims (
    claim_id uuid CONSTRAINT pk_order_claims PRIMARY KEY,
    order_id uuid NOT NULL CONSTRAINT fk_order_claims_order REFERENCES orders,
    state text NOT NULL CHECK (state IN ('open', 'accepted', 'rejected')),
    lines jsonb NOT NULL,
    evidence text NOT NULL,
    credited_minor bigint NOT NULL CHECK (credited_minor >= 0),
    raised_at timestamptz NOT NULL,
    raised_by text NOT NULL,
    decided_at timestamptz,
    decided_by text,
    decided_reason text,
    version integer NOT NULL
);
CREATE INDEX ix_order_claims_order ON order_claims (order_id, claim_id);
CREATE INDEX ix_order_claims_open ON order_claims (claim_id) WHERE state = 'open';
"""

PLANS = """
CREATE TABLE retailer_plans (
    plan_id uuid CONSTRAINT pk_retailer_plans PRIMARY KEY,
    retailer_id text COLLATE "C" NOT NULL CONSTRAINT fk_retailer_plans_retailer REFERENCES retailers,
    cycle_id uuid NOT NULL CONSTRAINT fk_retailer_plans_cycle REFERENCES order_cycles,
    terms jsonb NOT NULL,
    lines jsonb NOT NULL,
    currency text,
    value_minor bigint NOT NULL,
    order_id uuid CONSTRAINT fk_retailer_plans_order REFERENCES orders,
    made_at timestamptz NOT NULL,
    made_by text NOT NULL
);
CREATE INDEX ix_retailer_plans_retailer ON retailer_plans (retailer_id, plan_id);

CREATE TABLE demand_forecasts (
    store_id text COLLATE "C" NOT NULL,
    gtin text COLLATE "C" NOT NULL,
    issued_at timestamptz NOT NULL,
    starts_on date NOT NULL,
    ends_on date NOT NULL,
    mean_per_day double precision NOT NULL,
    CONSTRAINT pk_demand_forecasts PRIMARY KEY (store_id, gtin)
);
"""


def upgrade() -> None:
    run_sql(ORDERS)
    run_sql(PLANS)
