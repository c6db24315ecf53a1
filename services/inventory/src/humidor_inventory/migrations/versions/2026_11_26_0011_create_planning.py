"""Create forecasts, caps of levels, recalculations that are due, supply terms, plans and their lines."""

from humidor_common.db.migrate import run_sql

revision = "0011"
down_revision = "0017"

LEVELS = """
-- `cumulative` is [[mean, quantile, ...], ...] of the first 1, 2 ... days, `days` the same of single days.
CREATE TABLE forecasts (
    store_id text COLLATE "C" NOT NULL,
    gtin text COLLATE "C" NOT NULL,
    forecast_id uuid NOT NULL,
    model text NOT NULL,
    model_version text NOT NULL,
    data_until timestamptz NOT NULL,
    issued_at timestamptz NOT NULL,
    starts_on date NOT NULL,
    horizon_days integer NOT NULL CHECK (horizon_days > 0),
    probabilities jsonb NOT NULL,
    days jsonb NOT NULL,
    cumulative jsonb NOT NULL,
    CONSTRAINT pk_forecasts PRIMARY KEY (store_id, gtin)
);

-- `origin` names the forecast or history that the answer rests on.
ALTER TABLE policies
    ADD COLUMN demand_source text NOT NULL DEFAULT 'given'
        CONSTRAINT ck_policies_source CHECK (demand_source IN ('given', 'forecast', 'history')),
    ADD COLUMN origin jsonb,
    ADD COLUMN refusal jsonb;
CREATE INDEX ix_policies_history ON policies (store_id, gtin) WHERE demand_source = 'history';

-- Products whose policies have to be calculated anew, and how far that has come.
CREATE TABLE recalculations (
    gtin text COLLATE "C" CONSTRAINT pk_recalculations PRIMARY KEY,
    reason text NOT NULL,
    asked_at timestamptz NOT NULL,
    after_store_id text COLLATE "C" NOT NULL DEFAULT ''
);

ALTER TABLE levels
    ADD COLUMN supply_cap_sticks bigint CONSTRAINT ck_levels_cap CHECK (supply_cap_sticks > 0),
    ADD COLUMN cap_days integer NOT NULL DEFAULT 0 CONSTRAINT ck_levels_cap_days CHECK (cap_days >= 0),
    ADD COLUMN review_days integer NOT NULL DEFAULT 0 CONSTRAINT ck_levels_review CHECK (review_days >= 0),
    ADD COLUMN daily_sticks double precision CONSTRAINT ck_levels_daily CHECK (daily_sticks >= 0);
ALTER TABLE replenishments
    ADD COLUMN supply_cap_sticks bigint,
    ADD COLUMN shortfall_sticks bigint NOT NULL DEFAULT 0;
CREATE INDEX ix_purchase_orders_placed ON purchase_orders (store_id, placed_at);
CREATE INDEX ix_purchase_orders_day ON purchase_orders (placed_at);
CREATE INDEX ix_purchase_orders_waiting ON purchase_orders (store_id) WHERE state = 'pending_approval';
CREATE INDEX ix_transfers_planned_to ON transfers (to_store_id) WHERE state = 'planned';
CREATE INDEX ix_transfers_planned_from ON transfers (from_store_id) WHERE state = 'planned';
"""

SUPPLY = """
CREATE TABLE supplies (
    gtin text COLLATE "C" CONSTRAINT pk_supplies PRIMARY KEY
        CONSTRAINT fk_supplies_product REFERENCES products,
    quantity_sticks bigint NOT NULL CHECK (quantity_sticks >= 0),
    rule text NOT NULL CHECK (rule IN ('proportional', 'priority', 'max_min')),
    valid_from date NOT NULL,
    valid_until date NOT NULL CHECK (valid_until >= valid_from),
    version integer NOT NULL,
    changed_at timestamptz NOT NULL,
    changed_by text NOT NULL
);

CREATE TABLE supplier_cycles (
    supplier_id text COLLATE "C" CONSTRAINT pk_supplier_cycles PRIMARY KEY
        CONSTRAINT fk_supplier_cycles_supplier REFERENCES suppliers,
    order_weekdays integer[] NOT NULL,
    minimum_value_minor bigint NOT NULL CHECK (minimum_value_minor >= 0),
    minimum_sticks bigint NOT NULL CHECK (minimum_sticks >= 0),
    below_minimum text NOT NULL CHECK (below_minimum IN ('top_up', 'postpone')),
    top_up_days integer NOT NULL CHECK (top_up_days BETWEEN 0 AND 365),
    delivery_minor_per_carton bigint NOT NULL CHECK (delivery_minor_per_carton >= 0),
    version integer NOT NULL,
    changed_at timestamptz NOT NULL,
    changed_by text NOT NULL
);

CREATE TABLE lanes (
    from_store_id text COLLATE "C" NOT NULL CONSTRAINT fk_lanes_from REFERENCES stores,
    to_store_id text COLLATE "C" NOT NULL CONSTRAINT fk_lanes_to REFERENCES stores,
    minor_per_carton bigint NOT NULL CHECK (minor_per_carton >= 0),
    fixed_minor bigint NOT NULL CHECK (fixed_minor >= 0),
    days integer NOT NULL CHECK (days BETWEEN 0 AND 365),
    version integer NOT NULL,
    changed_at timestamptz NOT NULL,
    changed_by text NOT NULL,
    CONSTRAINT pk_lanes PRIMARY KEY (from_store_id, to_store_id),
    CONSTRAINT ck_lanes_ends CHECK (from_store_id <> to_store_id)
);

CREATE TABLE store_priorities (
    store_id text COLLATE "C" CONSTRAINT pk_store_priorities PRIMARY KEY
        CONSTRAINT fk_store_priorities_store REFERENCES stores,
    priority integer NOT NULL,
    version integer NOT NULL,
    changed_at timestamptz NOT NULL,
    changed_by text NOT NULL
);
"""

PLANS = """
CREATE TABLE plan_schedule (
    singleton boolean CONSTRAINT pk_plan_schedule PRIMARY KEY DEFAULT true CHECK (singleton),
    enabled boolean NOT NULL,
    at_local_time time NOT NULL,
    terms jsonb NOT NULL,
    version integer NOT NULL,
    changed_at timestamptz NOT NULL,
    changed_by text NOT NULL
);
INSERT INTO plan_schedule (enabled, at_local_time, terms, version, changed_at, changed_by)
VALUES (true, '05:00', '{}', 1, now(), 'system:default');

-- `step` and `after_key` say how far the calculation has come; a worker that dies leaves them to the next.
CREATE TABLE plans (
    plan_id uuid CONSTRAINT pk_plans PRIMARY KEY,
    day date NOT NULL,
    time_zone text,
    scheduled boolean NOT NULL,
    dry_run boolean NOT NULL,
    state text NOT NULL CHECK (state IN ('queued', 'running', 'calculated', 'cancelled', 'failed')),
    step text NOT NULL CHECK (step IN ('levels', 'needs', 'transfers', 'shares', 'join', 'done')),
    after_key text COLLATE "C" NOT NULL DEFAULT '',
    terms jsonb NOT NULL,
    stores integer NOT NULL,
    stores_done integer NOT NULL DEFAULT 0,
    series integer NOT NULL DEFAULT 0,
    balances boolean,
    being_placed boolean NOT NULL DEFAULT false,
    summary jsonb,
    reason text,
    requested_by text NOT NULL,
    created_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    finished_at timestamptz
);
CREATE UNIQUE INDEX uq_plans_scheduled ON plans (time_zone, day) WHERE scheduled;
CREATE INDEX ix_plans_open ON plans (plan_id) WHERE state IN ('queued', 'running');
CREATE INDEX ix_plans_placing ON plans (plan_id) WHERE being_placed;

CREATE TABLE plan_lines (
    plan_id uuid NOT NULL CONSTRAINT fk_plan_lines_plan REFERENCES plans ON DELETE CASCADE,
    store_id text COLLATE "C" NOT NULL,
    gtin text COLLATE "C" NOT NULL,
    supplier_id text COLLATE "C",
    state text COLLATE "C" NOT NULL,
    available_sticks bigint NOT NULL,
    need_sticks bigint NOT NULL,
    surplus_sticks bigint NOT NULL,
    transfer_sticks bigint NOT NULL,
    order_sticks bigint NOT NULL,
    shortfall_sticks bigint NOT NULL,
    inputs jsonb NOT NULL,
    reasons jsonb NOT NULL,
    approved_by text,
    approver_roles text[],
    purchase_order_id uuid,
    CONSTRAINT pk_plan_lines PRIMARY KEY (plan_id, store_id, gtin),
    CONSTRAINT ck_plan_lines_state CHECK (state IN ('order', 'postponed', 'short', 'transfer', 'surplus',
                                                    'spare', 'approved', 'ordered', 'dropped'))
);
CREATE INDEX ix_plan_lines_product ON plan_lines (plan_id, gtin, store_id);
CREATE INDEX ix_plan_lines_approved ON plan_lines (plan_id, store_id) WHERE state = 'approved';

CREATE TABLE plan_transfers (
    plan_id uuid NOT NULL CONSTRAINT fk_plan_transfers_plan REFERENCES plans ON DELETE CASCADE,
    from_store_id text COLLATE "C" NOT NULL,
    to_store_id text COLLATE "C" NOT NULL,
    gtin text COLLATE "C" NOT NULL,
    quantity_sticks bigint NOT NULL CHECK (quantity_sticks > 0),
    cost_minor bigint NOT NULL,
    instead_minor bigint NOT NULL,
    state text COLLATE "C" NOT NULL CHECK (state IN ('proposed', 'approved', 'created', 'dropped')),
    reasons jsonb NOT NULL,
    approved_by text,
    dispatch boolean NOT NULL DEFAULT false,
    transfer_id uuid,
    CONSTRAINT pk_plan_transfers PRIMARY KEY (plan_id, from_store_id, to_store_id, gtin)
);
"""


def upgrade() -> None:
    run_sql(LEVELS)
    run_sql(SUPPLY)
    run_sql(PLANS)
