"""Create runs, the series of each, and the forecasts that they issue."""

from humidor_common.db.migrate import run_sql

revision = "0002"
down_revision = "0001"

TABLES = """
CREATE TABLE runs (
    run_id uuid CONSTRAINT pk_runs PRIMARY KEY,
    state text NOT NULL CONSTRAINT ck_runs_state
        CHECK (state IN ('queued', 'running', 'done', 'failed', 'cancelled')),
    requested_by text NOT NULL,
    store_ids text[],
    gtins text[],
    only_changed boolean NOT NULL,
    horizon_days integer NOT NULL,
    probabilities double precision[] NOT NULL,
    ladder text[] NOT NULL,
    scheduled_for date,
    versions jsonb NOT NULL,
    data_until timestamptz NOT NULL,
    series_total integer,
    series_done integer NOT NULL DEFAULT 0,
    series_fell_back integer NOT NULL DEFAULT 0,
    series_failed integer NOT NULL DEFAULT 0,
    lease integer NOT NULL DEFAULT 0,
    due_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    started_at timestamptz,
    ended_at timestamptz,
    detail text
);
CREATE INDEX ix_runs_due ON runs (due_at) WHERE state IN ('queued', 'running');
CREATE UNIQUE INDEX uq_runs_scheduled ON runs (scheduled_for);
CREATE TABLE run_series (
    run_id uuid NOT NULL CONSTRAINT fk_run_series_run REFERENCES runs ON DELETE CASCADE,
    store_id text NOT NULL,
    gtin text NOT NULL,
    state text NOT NULL DEFAULT 'waiting' CONSTRAINT ck_run_series_state
        CHECK (state IN ('waiting', 'done', 'failed')),
    model text,
    fell_back boolean,
    detail text,
    seconds double precision,
    CONSTRAINT pk_run_series PRIMARY KEY (run_id, store_id, gtin)
);
CREATE INDEX ix_run_series_waiting ON run_series (run_id, store_id, gtin) WHERE state = 'waiting';
CREATE TABLE data_cuts (
    digest bytea CONSTRAINT pk_data_cuts PRIMARY KEY,
    packed bytea NOT NULL
);
CREATE TABLE forecasts (
    forecast_id uuid CONSTRAINT pk_forecasts PRIMARY KEY,
    store_id text NOT NULL,
    gtin text NOT NULL,
    run_id uuid NOT NULL,
    model text NOT NULL,
    model_version text NOT NULL,
    challenger text,
    kind text NOT NULL,
    fell_back boolean NOT NULL,
    data_until timestamptz NOT NULL,
    issued_at timestamptz NOT NULL,
    starts_on date NOT NULL,
    horizon_days integer NOT NULL,
    probabilities jsonb NOT NULL,
    days jsonb NOT NULL,
    cumulative jsonb NOT NULL,
    scores jsonb NOT NULL,
    reasons jsonb NOT NULL,
    notes jsonb NOT NULL,
    versions jsonb NOT NULL,
    cut_digest bytea NOT NULL
);
CREATE INDEX ix_forecasts_series ON forecasts (store_id, gtin, issued_at DESC, forecast_id DESC);
CREATE UNIQUE INDEX uq_forecasts_run ON forecasts (run_id, store_id, gtin);
CREATE INDEX ix_forecasts_issued ON forecasts (issued_at);
CREATE INDEX ix_forecasts_cut ON forecasts (cut_digest);
"""


def upgrade() -> None:
    run_sql(TABLES)
