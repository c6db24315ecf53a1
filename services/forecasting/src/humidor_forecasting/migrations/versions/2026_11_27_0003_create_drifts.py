"""Create the watch over published forecasts, and the products that are introduced without a history."""

from humidor_common.db.migrate import run_sql

revision = "0003"
down_revision = "0002"

TABLES = """
-- Up to which day, the store's own, a series' forecasts have been judged.
CREATE TABLE watched_series (
    store_id text NOT NULL,
    gtin text NOT NULL,
    until date NOT NULL,
    CONSTRAINT pk_watched_series PRIMARY KEY (store_id, gtin)
);
-- One row an episode: the error of a series' forecasts left its band, and came back when it is closed.
CREATE TABLE drifts (
    drift_id uuid CONSTRAINT pk_drifts PRIMARY KEY,
    store_id text NOT NULL,
    gtin text NOT NULL,
    forecast_id uuid NOT NULL,
    model text NOT NULL,
    opened_on date NOT NULL,
    until date NOT NULL,
    days integer NOT NULL,
    wape double precision NOT NULL,
    worst_wape double precision NOT NULL,
    expected_wape double precision NOT NULL,
    band double precision NOT NULL,
    bias_sticks double precision NOT NULL,
    noticed_at timestamptz NOT NULL,
    closed_at timestamptz
);
CREATE UNIQUE INDEX uq_drifts_open ON drifts (store_id, gtin) WHERE closed_at IS NULL;
CREATE INDEX ix_drifts_store ON drifts (store_id, drift_id);
CREATE TABLE introductions (
    introduction_id text CONSTRAINT pk_introductions PRIMARY KEY,
    starts_on date NOT NULL,
    store_ids text[] NOT NULL,
    gtins text[] NOT NULL,
    like_gtins text[] NOT NULL,
    version integer NOT NULL,
    changed_at timestamptz NOT NULL
);
CREATE TABLE introduced_series (
    store_id text NOT NULL,
    gtin text NOT NULL,
    introduction_id text NOT NULL CONSTRAINT fk_introduced_series_introduction
        REFERENCES introductions ON DELETE CASCADE,
    starts_on date NOT NULL,
    CONSTRAINT pk_introduced_series PRIMARY KEY (store_id, gtin)
);
CREATE INDEX ix_introduced_series_introduction ON introduced_series (introduction_id);
"""


def upgrade() -> None:
    run_sql(TABLES)
