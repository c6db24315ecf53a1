"""Create campaigns with their stores, bookings and effects, and operators' own rules for them."""

from humidor_common.db.migrate import run_sql

revision = "0017"
down_revision = "0016"

RULES = """
CREATE TABLE campaign_rules (
    rule_id text COLLATE "C" CONSTRAINT pk_campaign_rules PRIMARY KEY,
    jurisdiction text COLLATE "C" NOT NULL,
    severity text COLLATE "C" NOT NULL CHECK (severity IN ('forbidden', 'review')),
    field text COLLATE "C" NOT NULL,
    conditions jsonb NOT NULL,
    law text NOT NULL,
    article text,
    source text,
    says text NOT NULL,
    in_force_since date NOT NULL,
    retired boolean NOT NULL,
    version integer NOT NULL,
    changed_by text NOT NULL,
    changed_at timestamptz NOT NULL
);
"""

# `due_at` is when the worker looks at one again; null once nothing can happen to it by itself.
CAMPAIGNS = """
CREATE TABLE campaigns (
    campaign_id uuid CONSTRAINT pk_campaigns PRIMARY KEY,
    name text NOT NULL,
    goal text NOT NULL,
    owner text NOT NULL,
    kind text COLLATE "C" NOT NULL,
    audience text COLLATE "C" NOT NULL CHECK (audience IN ('retailers', 'consumers')),
    channel text COLLATE "C" NOT NULL,
    mechanics text[] NOT NULL,
    adult_check text COLLATE "C" NOT NULL CHECK (adult_check IN ('none', 'visual', 'id_seen')),
    gtins text[],
    discount_percent double precision,
    price_per_pack bigint,
    starts_on date NOT NULL,
    ends_on date NOT NULL,
    store_ids text[],
    segment_id uuid CONSTRAINT fk_campaigns_segment REFERENCES segments,
    exclusions jsonb NOT NULL,
    budget_minor bigint NOT NULL,
    spent_minor bigint NOT NULL CHECK (spent_minor >= 0),
    currency text COLLATE "C" NOT NULL,
    holdout_share double precision NOT NULL CHECK (holdout_share BETWEEN 0 AND 0.5),
    seed bigint NOT NULL,
    sales_floor_percent double precision,
    jurisdiction text COLLATE "C" NOT NULL,
    state text COLLATE "C" NOT NULL CHECK (state IN ('draft', 'submitted', 'approved', 'scheduled', 'running',
                                                      'ended', 'stopped', 'cancelled')),
    findings jsonb NOT NULL,
    plan jsonb,
    submitted_by text,
    submitted_at timestamptz,
    approved_by text,
    approved_at timestamptz,
    approval_reason text,
    last_day date,
    stop_code text COLLATE "C",
    stop_detail text,
    due_at timestamptz,
    version integer NOT NULL,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    CONSTRAINT ck_campaigns_days CHECK (starts_on <= ends_on),
    CONSTRAINT ck_campaigns_whom CHECK ((store_ids IS NULL) <> (segment_id IS NULL))
) WITH (fillfactor = 80);
CREATE INDEX ix_campaigns_due ON campaigns (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX ix_campaigns_state ON campaigns (state, campaign_id);

CREATE TABLE campaign_stores (
    campaign_id uuid NOT NULL CONSTRAINT fk_campaign_stores_campaign REFERENCES campaigns,
    store_id text COLLATE "C" NOT NULL,
    part text COLLATE "C" NOT NULL CHECK (part IN ('treated', 'holdout', 'excluded')),
    reason text,
    stratum text,
    basis text COLLATE "C" NOT NULL CHECK (basis IN ('till', 'orders', 'none')),
    before_sticks double precision NOT NULL,
    CONSTRAINT pk_campaign_stores PRIMARY KEY (campaign_id, store_id)
);
CREATE INDEX ix_campaign_stores_store ON campaign_stores (store_id, campaign_id) WHERE part <> 'excluded';

CREATE TABLE campaign_spendings (
    spending_id uuid CONSTRAINT pk_campaign_spendings PRIMARY KEY,
    campaign_id uuid NOT NULL CONSTRAINT fk_campaign_spendings_campaign REFERENCES campaigns,
    amount_minor bigint NOT NULL CHECK (amount_minor <> 0),
    note text NOT NULL,
    booked_by text NOT NULL,
    booked_at timestamptz NOT NULL
);
CREATE INDEX ix_campaign_spendings_campaign ON campaign_spendings (campaign_id, spending_id);

-- By the id under which the promotion was evaluated, which is a campaign's where it was run here.
CREATE TABLE campaign_effects (
    promotion_id text COLLATE "C" CONSTRAINT pk_campaign_effects PRIMARY KEY,
    evaluated_at timestamptz NOT NULL,
    effect jsonb NOT NULL
);
"""


def upgrade() -> None:
    run_sql(RULES)
    run_sql(CAMPAIGNS)
