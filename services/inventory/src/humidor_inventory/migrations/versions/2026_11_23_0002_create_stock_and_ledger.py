"""Create balances, the append-only ledger and what the sales consumer remembers."""

from humidor_common.db.migrate import run_sql

revision = "0002"
down_revision = "0001"

BALANCES = """
CREATE TABLE stock (
    store_id text COLLATE "C" NOT NULL,
    gtin text COLLATE "C" NOT NULL,
    on_hand_sticks bigint NOT NULL DEFAULT 0,
    quarantined_sticks bigint NOT NULL DEFAULT 0,
    reserved_sticks bigint NOT NULL DEFAULT 0 CHECK (reserved_sticks >= 0),
    on_order_sticks bigint NOT NULL DEFAULT 0 CHECK (on_order_sticks >= 0),
    shortfall_sticks bigint NOT NULL DEFAULT 0 CHECK (shortfall_sticks >= 0),
    reorder_point_sticks bigint,
    alert_open boolean NOT NULL DEFAULT false,
    CONSTRAINT pk_stock PRIMARY KEY (store_id, gtin)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);
CREATE INDEX ix_stock_gtin ON stock (gtin, store_id);

-- `live` is a column of its own because an index whose predicate names the balances themselves would make
-- every change of a balance a new index entry; `live` hardly ever changes, so updates stay heap-only.
CREATE TABLE lot_stock (
    store_id text COLLATE "C" NOT NULL,
    gtin text COLLATE "C" NOT NULL,
    lot text COLLATE "C" NOT NULL,
    production_date date,
    expiry_date date,
    received_at timestamptz,
    held boolean NOT NULL DEFAULT false,
    on_hand_sticks bigint NOT NULL DEFAULT 0,
    quarantined_sticks bigint NOT NULL DEFAULT 0,
    live boolean NOT NULL GENERATED ALWAYS AS (on_hand_sticks <> 0 OR quarantined_sticks <> 0) STORED,
    CONSTRAINT pk_lot_stock PRIMARY KEY (store_id, gtin, lot),
    CONSTRAINT ck_lot_stock_sign CHECK (lot = '' OR (on_hand_sticks >= 0 AND quarantined_sticks >= 0))
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);
CREATE INDEX ix_lot_stock_live ON lot_stock (store_id, gtin) WHERE live;

CREATE TABLE carton_codes (
    store_id text COLLATE "C" NOT NULL,
    code text COLLATE "C" NOT NULL,
    gtin text COLLATE "C" NOT NULL,
    lot text COLLATE "C" NOT NULL,
    CONSTRAINT pk_carton_codes PRIMARY KEY (store_id, code)
);
"""

LEDGER = """
CREATE SEQUENCE stock_ledger_entry_id_seq AS bigint;
CREATE TABLE stock_ledger (
    store_id text COLLATE "C" NOT NULL,
    gtin text COLLATE "C" NOT NULL,
    recorded_at timestamptz NOT NULL,
    entry_id bigint NOT NULL DEFAULT nextval('stock_ledger_entry_id_seq'),
    lot text COLLATE "C" NOT NULL,
    bucket text COLLATE "C" NOT NULL CHECK (bucket IN ('on_hand', 'quarantined')),
    delta_sticks bigint NOT NULL CHECK (delta_sticks <> 0),
    reason text COLLATE "C" NOT NULL,
    explanation text COLLATE "C" NOT NULL,
    source_id uuid NOT NULL,
    line integer NOT NULL,
    occurred_at timestamptz NOT NULL,
    CONSTRAINT pk_stock_ledger PRIMARY KEY (store_id, gtin, recorded_at, entry_id)
) PARTITION BY RANGE (recorded_at);
CREATE TABLE stock_ledger_default PARTITION OF stock_ledger DEFAULT;

CREATE TRIGGER stock_ledger_append_only BEFORE UPDATE OR DELETE ON stock_ledger
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER stock_ledger_no_truncate BEFORE TRUNCATE ON stock_ledger
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- A partition is made beside the ledger and then attached: that takes a lock on the ledger which lets
-- readers and writers go on, where CREATE TABLE ... PARTITION OF would stop them.
CREATE FUNCTION ensure_stock_ledger_partitions(months_ahead integer) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    first_day timestamptz;
    partition_name text;
    made integer := 0;
BEGIN
    FOR i IN 0..months_ahead LOOP
        first_day := (date_trunc('month', now() AT TIME ZONE 'UTC') + make_interval(months => i))
            AT TIME ZONE 'UTC';
        partition_name := 'stock_ledger_' || to_char(first_day AT TIME ZONE 'UTC', 'YYYY_MM');
        CONTINUE WHEN to_regclass(partition_name) IS NOT NULL;
        EXECUTE format('CREATE TABLE %I (LIKE stock_ledger INCLUDING DEFAULTS INCLUDING CONSTRAINTS)',
                       partition_name);
        EXECUTE format('ALTER TABLE stock_ledger ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
                       partition_name, first_day,
                       ((first_day AT TIME ZONE 'UTC') + interval '1 month') AT TIME ZONE 'UTC');
        made := made + 1;
    END LOOP;
    RETURN made;
END$$;
SELECT ensure_stock_ledger_partitions(3);
"""

SALES = """
-- What each sale, return and void did; all that belongs to one sale shares its `thread_id`.
CREATE TABLE sale_documents (
    store_id text COLLATE "C" NOT NULL,
    thread_id uuid NOT NULL,
    document_id uuid NOT NULL,
    kind text COLLATE "C" NOT NULL CHECK (kind IN ('sale', 'return', 'void')),
    restock boolean NOT NULL,
    occurred_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    stated jsonb,
    moves jsonb NOT NULL,
    CONSTRAINT pk_sale_documents PRIMARY KEY (store_id, thread_id, document_id, kind)
);

CREATE TABLE parked_lines (
    parked_id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT pk_parked_lines PRIMARY KEY,
    store_id text COLLATE "C" NOT NULL,
    thread_id uuid NOT NULL,
    document_id uuid NOT NULL,
    kind text COLLATE "C" NOT NULL,
    restock boolean NOT NULL,
    occurred_at timestamptz NOT NULL,
    line integer NOT NULL,
    gtin text COLLATE "C" NOT NULL,
    quantity bigint NOT NULL,
    unit text COLLATE "C" NOT NULL,
    lot text COLLATE "C",
    code text COLLATE "C",
    reason text NOT NULL,
    parked_at timestamptz NOT NULL,
    applied_at timestamptz
);
CREATE INDEX ix_parked_lines_waiting ON parked_lines (gtin, parked_id) WHERE applied_at IS NULL;
CREATE INDEX ix_parked_lines_store ON parked_lines (store_id, parked_id) WHERE applied_at IS NULL;
"""


def upgrade() -> None:
    run_sql(BALANCES)
    run_sql(LEDGER)
    run_sql(SALES)
