"""Create terminals, facts, closings and the product projection."""

from humidor_common.db import platform_tables
from humidor_common.db.migrate import run_sql

revision = "0001"
down_revision = None

TERMINALS = """
-- One counter for each in-memory directory: a change takes its row lock, so revisions become visible in
-- their own order, and a process that asks for everything above the last one it saw misses nothing.
CREATE TABLE revisions (
    name text CONSTRAINT pk_revisions PRIMARY KEY,
    revision bigint NOT NULL
);
INSERT INTO revisions VALUES ('terminals', 0), ('catalogue', 0);

CREATE TABLE terminals (
    terminal_id text CONSTRAINT pk_terminals PRIMARY KEY,
    store_id text NOT NULL,
    name text NOT NULL,
    key_hash bytea NOT NULL,
    state text NOT NULL DEFAULT 'active' CONSTRAINT ck_terminals_state CHECK (state IN ('active', 'revoked')),
    created_at timestamptz NOT NULL DEFAULT now(),
    rotated_at timestamptz,
    revoked_at timestamptz,
    last_seen_at timestamptz,
    closed_until timestamptz,
    revision bigint NOT NULL
);
CREATE INDEX ix_terminals_store_id ON terminals (store_id, terminal_id);
CREATE INDEX ix_terminals_revision ON terminals (revision);
"""

# No foreign keys between the hot tables: one statement writes all of a fact's rows or none of them, and a
# key check for each line would cost as much as the line. `fact_ids` is what makes an id unique, because a
# partitioned table can only be unique together with its partition key.
FACTS = """
CREATE TABLE fact_ids (
    store_id text NOT NULL,
    fact_id uuid NOT NULL,
    kind text NOT NULL CONSTRAINT ck_fact_ids_kind CHECK (kind IN ('sale', 'return', 'void')),
    happened_at timestamptz NOT NULL,
    body_hash bytea NOT NULL,
    exceptions text[],
    CONSTRAINT pk_fact_ids PRIMARY KEY (store_id, fact_id)
);

CREATE TABLE sales (
    store_id text NOT NULL,
    sold_at timestamptz NOT NULL,
    sale_id uuid NOT NULL,
    terminal_id text NOT NULL,
    recorded_at timestamptz NOT NULL,
    currency text NOT NULL,
    total bigint NOT NULL,
    payments jsonb NOT NULL,
    member_id text,
    age_check jsonb,
    CONSTRAINT pk_sales PRIMARY KEY (store_id, sold_at, sale_id)
) PARTITION BY RANGE (sold_at);
CREATE INDEX ix_sales_member_id ON sales (store_id, member_id, sold_at) WHERE member_id IS NOT NULL;

CREATE TABLE sale_lines (
    store_id text NOT NULL,
    sold_at timestamptz NOT NULL,
    sale_id uuid NOT NULL,
    line integer NOT NULL,
    gtin text NOT NULL,
    quantity integer NOT NULL,
    unit text NOT NULL,
    unit_price bigint NOT NULL,
    lot text,
    code text,
    carton jsonb,
    CONSTRAINT pk_sale_lines PRIMARY KEY (store_id, sold_at, sale_id, line)
) PARTITION BY RANGE (sold_at);

CREATE TABLE sales_default PARTITION OF sales DEFAULT;
CREATE TABLE sale_lines_default PARTITION OF sale_lines DEFAULT;

CREATE TABLE returns (
    store_id text NOT NULL,
    returned_at timestamptz NOT NULL,
    return_id uuid NOT NULL,
    sale_id uuid,
    terminal_id text NOT NULL,
    recorded_at timestamptz NOT NULL,
    currency text NOT NULL,
    total bigint NOT NULL,
    payments jsonb NOT NULL,
    lines jsonb NOT NULL,
    reason text NOT NULL,
    restock boolean NOT NULL,
    member_id text,
    CONSTRAINT pk_returns PRIMARY KEY (store_id, returned_at, return_id)
);
CREATE INDEX ix_returns_sale_id ON returns (store_id, sale_id) WHERE sale_id IS NOT NULL;

CREATE TABLE voids (
    store_id text NOT NULL,
    voided_at timestamptz NOT NULL,
    void_id uuid NOT NULL,
    sale_id uuid,
    terminal_id text NOT NULL,
    recorded_at timestamptz NOT NULL,
    reason text NOT NULL,
    clerk text,
    lines jsonb NOT NULL,
    CONSTRAINT pk_voids PRIMARY KEY (store_id, voided_at, void_id)
);
CREATE INDEX ix_voids_sale_id ON voids (store_id, sale_id) WHERE sale_id IS NOT NULL;

CREATE TABLE exceptions (
    store_id text NOT NULL,
    exception_id uuid NOT NULL,
    kind text NOT NULL,
    fact_id uuid NOT NULL,
    happened_at timestamptz NOT NULL,
    code text NOT NULL,
    detail text NOT NULL,
    lines integer[],
    gtin text,
    state text NOT NULL DEFAULT 'open'
        CONSTRAINT ck_exceptions_state CHECK (state IN ('open', 'resolved', 'closed')),
    raised_at timestamptz NOT NULL,
    settled_at timestamptz,
    settled_by text,
    note text,
    CONSTRAINT pk_exceptions PRIMARY KEY (store_id, exception_id)
);
CREATE INDEX ix_exceptions_exception_id ON exceptions (exception_id);
CREATE INDEX ix_exceptions_state ON exceptions (store_id, state, exception_id);
CREATE INDEX ix_exceptions_fact_id ON exceptions (store_id, fact_id);
CREATE INDEX ix_exceptions_waiting ON exceptions (code, gtin) WHERE state = 'open';
"""

CLOSINGS = """
CREATE TABLE day_closings (
    store_id text NOT NULL,
    closing_id uuid NOT NULL,
    terminal_id text NOT NULL,
    business_date date NOT NULL,
    currency text NOT NULL,
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    body_hash bytea NOT NULL,
    claimed jsonb NOT NULL,
    counted jsonb NOT NULL,
    differences jsonb NOT NULL,
    status text NOT NULL
        CONSTRAINT ck_day_closings_status CHECK (status IN ('reconciled', 'discrepant', 'superseded')),
    evaluation integer NOT NULL DEFAULT 1,
    closed_at timestamptz NOT NULL,
    evaluated_at timestamptz NOT NULL,
    recheck_at timestamptz,
    CONSTRAINT pk_day_closings PRIMARY KEY (store_id, closing_id)
);
CREATE INDEX ix_day_closings_business_date ON day_closings (store_id, business_date, terminal_id);
CREATE INDEX ix_day_closings_recheck_at ON day_closings (recheck_at) WHERE recheck_at IS NOT NULL;
"""

CATALOGUE = """
CREATE TABLE products (
    gtin text CONSTRAINT pk_products PRIMARY KEY,
    name text NOT NULL,
    brand text NOT NULL,
    status text NOT NULL,
    sticks_per_pack integer NOT NULL,
    packs_per_carton integer NOT NULL,
    cartons_per_case integer NOT NULL,
    price_per_pack bigint,
    currency text,
    version integer NOT NULL,
    changed_at timestamptz NOT NULL,
    revision bigint NOT NULL
);
CREATE INDEX ix_products_revision ON products (revision);

CREATE TABLE stores (
    store_id text CONSTRAINT pk_stores PRIMARY KEY,
    name text NOT NULL,
    time_zone text NOT NULL,
    licence_number text,
    status text NOT NULL,
    version integer NOT NULL,
    changed_at timestamptz NOT NULL,
    revision bigint NOT NULL
);
CREATE INDEX ix_stores_revision ON stores (revision);

CREATE TABLE prices (
    store_id text NOT NULL,
    gtin text NOT NULL,
    price_per_pack bigint,
    currency text,
    changed_at timestamptz NOT NULL,
    revision bigint NOT NULL,
    CONSTRAINT pk_prices PRIMARY KEY (store_id, gtin),
    CONSTRAINT ck_prices_whole CHECK ((price_per_pack IS NULL) = (currency IS NULL))
);
CREATE INDEX ix_prices_revision ON prices (revision);
COMMENT ON COLUMN prices.price_per_pack IS 'NULL where the price of its own was taken back';
"""


def upgrade() -> None:
    platform_tables.create()
    for sql in (TERMINALS, FACTS, CLOSINGS, CATALOGUE):
        run_sql(sql)


def downgrade() -> None:
    raise RuntimeError("the first migration is not undone; drop the database instead")
