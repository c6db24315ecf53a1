"""Take campaigns over as promotions, and keep what promotions were evaluated to have done."""

from humidor_common.db.migrate import run_sql

revision = "0004"
down_revision = "0003"

TABLES = """
ALTER TABLE promotions
    ADD COLUMN source text NOT NULL DEFAULT 'entered'
        CONSTRAINT ck_promotions_source CHECK (source IN ('entered', 'campaign')),
    ADD COLUMN holdout_store_ids text[] NOT NULL DEFAULT '{}',
    ADD COLUMN price_per_pack bigint,
    ADD COLUMN currency text,
    ADD COLUMN budget_minor bigint,
    ADD COLUMN spent_minor bigint;
-- Campaigns as `customers` last told them, cancelled ones too: no promotions, but with a version.
CREATE TABLE campaigns (
    campaign_id text CONSTRAINT pk_campaigns PRIMARY KEY,
    version integer NOT NULL,
    state text NOT NULL,
    kind text NOT NULL,
    audience text NOT NULL,
    starts_on date NOT NULL,
    ends_on date NOT NULL,
    store_ids text[] NOT NULL,
    holdout_store_ids text[] NOT NULL,
    gtins text[],
    discount_percent double precision,
    price_per_pack bigint,
    currency text NOT NULL,
    budget_minor bigint NOT NULL,
    spent_minor bigint NOT NULL,
    changed_at timestamptz NOT NULL
);
CREATE TABLE evaluations (
    evaluation_id uuid CONSTRAINT pk_evaluations PRIMARY KEY,
    promotion_id text NOT NULL,
    promotion_version integer NOT NULL,
    state text NOT NULL CONSTRAINT ck_evaluations_state
        CHECK (state IN ('queued', 'running', 'done', 'failed', 'cancelled')),
    automatic boolean NOT NULL,
    requested_by text NOT NULL,
    store_ids text[],
    terms jsonb NOT NULL,
    stage text,
    share_done double precision NOT NULL DEFAULT 0,
    lease integer NOT NULL DEFAULT 0,
    due_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    started_at timestamptz,
    ended_at timestamptz,
    detail text,
    data_until timestamptz,
    versions jsonb NOT NULL,
    method text,
    trusted boolean,
    outcome jsonb,
    cut bytea
);
CREATE INDEX ix_evaluations_due ON evaluations (due_at) WHERE state IN ('queued', 'running');
CREATE INDEX ix_evaluations_promotion ON evaluations (promotion_id, evaluation_id DESC);
CREATE UNIQUE INDEX uq_evaluations_automatic ON evaluations (promotion_id, promotion_version) WHERE automatic;
"""


def upgrade() -> None:
    run_sql(TABLES)
