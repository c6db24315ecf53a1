"""Create stocktakes, what they cover, their snapshots, lines and counts."""

from humidor_common.db.migrate import run_sql

revision = "0004"
down_revision = "0003"

STOCKTAKES = """
CREATE TABLE stocktakes (
    stocktake_id uuid PRIMARY KEY,
    store_id text COLLATE "C" NOT NULL,
    kind text NOT NULL CHECK (kind IN ('full', 'cycle')),
    blind boolean NOT NULL,
    by_lot boolean NOT NULL,
    state text NOT NULL CHECK (state IN ('draft', 'counting', 'recount', 'review', 'approved', 'posted',
                                         'cancelled')),
    recount_packs bigint CHECK (recount_packs >= 0),
    recount_percent numeric(7, 2) CHECK (recount_percent >= 0),
    recount_value_minor bigint CHECK (recount_value_minor >= 0),
    products integer NOT NULL,
    rounds timestamptz[] NOT NULL DEFAULT '{}',
    ledger_position bigint,
    posting_position bigint,
    accuracy jsonb,
    note text,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL,
    approved_by text,
    approved_at timestamptz,
    posted_by text,
    posted_at timestamptz,
    cancelled_reason text,
    CONSTRAINT ck_stocktakes_posted CHECK (state <> 'posted' OR (posting_position IS NOT NULL
        AND posted_by IS NOT NULL AND posted_at IS NOT NULL AND accuracy IS NOT NULL))
);
CREATE INDEX ix_stocktakes_store ON stocktakes (store_id, stocktake_id);

-- What open stocktakes cover; the key is what keeps two of them from covering the same.
CREATE TABLE stocktake_products (
    store_id text COLLATE "C" NOT NULL,
    gtin text COLLATE "C" NOT NULL,
    stocktake_id uuid NOT NULL CONSTRAINT fk_stocktake_products_stocktake REFERENCES stocktakes,
    CONSTRAINT pk_stocktake_products PRIMARY KEY (store_id, gtin)
);
CREATE INDEX ix_stocktake_products_stocktake ON stocktake_products (stocktake_id, gtin);

CREATE TABLE stocktake_snapshots (
    stocktake_id uuid NOT NULL CONSTRAINT fk_stocktake_snapshots_stocktake REFERENCES stocktakes,
    gtin text COLLATE "C" NOT NULL,
    lot text COLLATE "C" NOT NULL,
    on_hand_sticks bigint NOT NULL,
    CONSTRAINT pk_stocktake_snapshots PRIMARY KEY (stocktake_id, gtin, lot)
);

CREATE TABLE stocktake_lines (
    stocktake_id uuid NOT NULL CONSTRAINT fk_stocktake_lines_stocktake REFERENCES stocktakes,
    line integer NOT NULL,
    gtin text COLLATE "C" NOT NULL,
    lot text COLLATE "C" NOT NULL,
    round integer NOT NULL,
    snapshot_sticks bigint NOT NULL,
    book_sticks bigint,
    counted_sticks bigint,
    counted_at timestamptz,
    variance_value bigint,
    reason_code text,
    CONSTRAINT pk_stocktake_lines PRIMARY KEY (stocktake_id, line),
    CONSTRAINT uq_stocktake_lines UNIQUE (stocktake_id, gtin, lot)
);

-- `counted_at` is what counts; `stated_at` is what the device said, to tell a repetition from a conflict.
CREATE TABLE stocktake_counts (
    stocktake_id uuid NOT NULL CONSTRAINT fk_stocktake_counts_stocktake REFERENCES stocktakes,
    count_id uuid NOT NULL,
    round integer NOT NULL,
    gtin text COLLATE "C" NOT NULL,
    lot text COLLATE "C" NOT NULL,
    counter text NOT NULL,
    counted_at timestamptz NOT NULL,
    stated_at timestamptz,
    quantity bigint NOT NULL CHECK (quantity >= 0),
    unit text NOT NULL,
    counted_sticks bigint NOT NULL CHECK (counted_sticks >= 0),
    source text NOT NULL CHECK (source IN ('device', 'file', 'assumed')),
    CONSTRAINT pk_stocktake_counts PRIMARY KEY (stocktake_id, count_id)
);
CREATE INDEX ix_stocktake_counts_line ON stocktake_counts (stocktake_id, gtin, lot, counter);

ALTER TABLE adjustments ADD COLUMN stocktake_id uuid
    CONSTRAINT fk_adjustments_stocktake REFERENCES stocktakes;
CREATE INDEX ix_adjustments_time ON adjustments (store_id, adjusted_at);
"""


def upgrade() -> None:
    run_sql(STOCKTAKES)
