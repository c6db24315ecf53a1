"""Create freshness rules and picks, and find sales of lots that might not have been sold."""

from humidor_common.db.migrate import run_sql

revision = "0007"
down_revision = "0006"

SQL = """
CREATE TABLE freshness_rules (
    brand text COLLATE "C" CONSTRAINT pk_freshness_rules PRIMARY KEY,
    bands_days integer[] NOT NULL,
    expiring_within_days integer NOT NULL,
    max_age_days integer,
    max_shelf_days integer,
    changed_at timestamptz NOT NULL,
    changed_by text NOT NULL
);

CREATE TABLE picks (
    pick_id uuid PRIMARY KEY,
    store_id text COLLATE "C" NOT NULL,
    gtin text COLLATE "C" NOT NULL,
    quantity_sticks bigint NOT NULL CHECK (quantity_sticks > 0),
    suggested jsonb NOT NULL,
    chosen jsonb NOT NULL,
    overridden boolean NOT NULL,
    short_sticks bigint NOT NULL,
    reason text,
    reference text,
    picked_at timestamptz NOT NULL,
    picked_by text NOT NULL,
    CONSTRAINT ck_picks_reason CHECK (NOT overridden OR reason IS NOT NULL)
);
CREATE INDEX ix_picks_store ON picks (store_id, pick_id);

-- Hardly any entry is of this kind, so sales pay no more than a comparison for it.
CREATE INDEX ix_stock_ledger_unsound ON stock_ledger (store_id, recorded_at, entry_id)
    WHERE explanation = 'scanned_lot_unsound';
"""


def upgrade() -> None:
    run_sql(SQL)
