from humidor_common.db import platform_tables
from humidor_common.db.migrate import run_sql

revision = "0001"
down_revision = None


def upgrade() -> None:
    platform_tables.create()
    run_sql(
        """
        CREATE TABLE counters (store_id text PRIMARY KEY, sold bigint NOT NULL);
        CREATE TABLE notes (
            note text NOT NULL,
            CONSTRAINT uq_notes UNIQUE (note) DEFERRABLE INITIALLY DEFERRED
        );
        CREATE TABLE sweeps (name text PRIMARY KEY, swept_at timestamptz, details jsonb NOT NULL);
        INSERT INTO sweeps (name, details) VALUES ('daily', '{"kept_days": [1, 2]}');
        """
    )
