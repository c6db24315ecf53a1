"""Create tier schemes with their scorings, strategies of caps by cycle, and what runs over them came to."""

from humidor_common.db.migrate import run_sql

revision = "0005"
down_revision = "0004"

TIERS = """
CREATE TABLE tier_schemes (
    scheme_id uuid CONSTRAINT pk_tier_schemes PRIMARY KEY,
    code text COLLATE "C" NOT NULL,
    number integer NOT NULL,
    name text NOT NULL,
    tiers smallint NOT NULL CHECK (tiers BETWEEN 2 AND 100),
    direction text NOT NULL CHECK (direction IN ('highest_is_best', 'lowest_is_best')),
    cadence text NOT NULL,
    terms jsonb NOT NULL,
    state text NOT NULL CHECK (state IN ('draft', 'locked', 'published', 'retired')),
    locked_at timestamptz,
    locked_by text,
    published_at timestamptz,
    published_by text,
    version integer NOT NULL,
    created_at timestamptz NOT NULL,
    created_by text NOT NULL,
    changed_at timestamptz NOT NULL,
    CONSTRAINT uq_tier_schemes_number UNIQUE (code, number)
);
CREATE UNIQUE INDEX uq_tier_schemes_published ON tier_schemes (code) WHERE state = 'published';

CREATE TABLE tier_figures (
    retailer_id text COLLATE "C" NOT NULL CONSTRAINT fk_tier_figures_retailer REFERENCES retailers,
    measure text COLLATE "C" NOT NULL,
    begins_on date NOT NULL,
    value bigint NOT NULL,
    recorded_at timestamptz NOT NULL,
    CONSTRAINT pk_tier_figures PRIMARY KEY (measure, begins_on, retailer_id)
);
CREATE INDEX ix_tier_figures_retailer ON tier_figures (retailer_id, measure, begins_on);

CREATE TABLE tier_scorings (
    scoring_id uuid CONSTRAINT pk_tier_scorings PRIMARY KEY,
    scheme_id uuid NOT NULL CONSTRAINT fk_tier_scorings_scheme REFERENCES tier_schemes,
    starts_on date NOT NULL,
    ends_on date NOT NULL,
    state text NOT NULL CHECK (state IN ('calculated', 'published')),
    customers integer NOT NULL,
    customers_by_tier integer[] NOT NULL,
    calculated_at timestamptz NOT NULL,
    calculated_by text NOT NULL,
    published_at timestamptz,
    published_by text,
    CONSTRAINT ck_tier_scorings_days CHECK (starts_on <= ends_on)
);
CREATE INDEX ix_tier_scorings_scheme ON tier_scorings (scheme_id, scoring_id);

CREATE TABLE tier_scores (
    scoring_id uuid NOT NULL CONSTRAINT fk_tier_scores_scoring REFERENCES tier_scorings,
    retailer_id text COLLATE "C" NOT NULL CONSTRAINT fk_tier_scores_retailer REFERENCES retailers,
    score_e4 integer NOT NULL,
    tier smallint NOT NULL,
    inputs jsonb NOT NULL,
    CONSTRAINT pk_tier_scores PRIMARY KEY (scoring_id, retailer_id)
);

CREATE TABLE retailer_tiers (
    scheme_code text COLLATE "C" NOT NULL,
    retailer_id text COLLATE "C" NOT NULL CONSTRAINT fk_retailer_tiers_retailer REFERENCES retailers,
    scheme_id uuid NOT NULL CONSTRAINT fk_retailer_tiers_scheme REFERENCES tier_schemes,
    scoring_id uuid CONSTRAINT fk_retailer_tiers_scoring REFERENCES tier_scorings,
    tier smallint NOT NULL,
    calculated_tier smallint,
    override_tier smallint,
    override_reason text,
    override_stays boolean NOT NULL DEFAULT false,
    overridden_by text,
    overridden_at timestamptz,
    since timestamptz NOT NULL,
    version integer NOT NULL,
    CONSTRAINT pk_retailer_tiers PRIMARY KEY (scheme_code, retailer_id),
    CONSTRAINT ck_retailer_tiers_tier CHECK (tier = coalesce(override_tier, calculated_tier))
);
CREATE INDEX ix_retailer_tiers_tier ON retailer_tiers (scheme_code, tier, retailer_id);
"""
ALLOCATION = """
CREATE TABLE strategies (
    strategy_id uuid CONSTRAINT pk_strategies PRIMARY KEY,
    cycle_id uuid NOT NULL CONSTRAINT fk_strategies_cycle REFERENCES order_cycles,
    scheme_id uuid NOT NULL CONSTRAINT fk_strategies_scheme REFERENCES tier_schemes,
    name text NOT NULL,
    unlisted text NOT NULL CHECK (unlisted IN ('free', 'refused')),
    barred_grades text[] NOT NULL,
    carton_sticks integer NOT NULL CHECK (carton_sticks > 0),
    state text NOT NULL CHECK (state IN ('draft', 'published', 'superseded')),
    lines integer NOT NULL,
    version integer NOT NULL,
    created_at timestamptz NOT NULL,
    created_by text NOT NULL,
    changed_at timestamptz NOT NULL,
    published_at timestamptz,
    published_by text
);
CREATE INDEX ix_strategies_cycle ON strategies (cycle_id, strategy_id);
CREATE UNIQUE INDEX uq_strategies_published ON strategies (cycle_id) WHERE state = 'published';

CREATE TABLE strategy_lines (
    strategy_id uuid NOT NULL CONSTRAINT fk_strategy_lines_strategy REFERENCES strategies,
    line integer NOT NULL,
    subject text NOT NULL CHECK (subject IN ('product', 'segment')),
    code text COLLATE "C" NOT NULL,
    price_segment text COLLATE "C",
    mode text NOT NULL,
    audience text[] NOT NULL,
    caps_sticks bigint[] NOT NULL,
    CONSTRAINT pk_strategy_lines PRIMARY KEY (strategy_id, line)
);

CREATE TABLE cycle_requests (
    cycle_id uuid NOT NULL CONSTRAINT fk_cycle_requests_cycle REFERENCES order_cycles,
    retailer_id text COLLATE "C" NOT NULL CONSTRAINT fk_cycle_requests_retailer REFERENCES retailers,
    gtin text COLLATE "C" NOT NULL,
    requested_sticks bigint NOT NULL CHECK (requested_sticks >= 0),
    ordered_sticks bigint NOT NULL CHECK (ordered_sticks >= 0),
    supplied_sticks bigint NOT NULL CHECK (supplied_sticks >= 0),
    recorded_at timestamptz NOT NULL,
    CONSTRAINT pk_cycle_requests PRIMARY KEY (cycle_id, retailer_id, gtin)
);

CREATE TABLE allocation_runs (
    run_id uuid CONSTRAINT pk_allocation_runs PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('simulation', 'sharing', 'observation')),
    strategy_id uuid NOT NULL CONSTRAINT fk_allocation_runs_strategy REFERENCES strategies,
    strategy_version integer NOT NULL,
    cycle_id uuid NOT NULL CONSTRAINT fk_allocation_runs_cycle REFERENCES order_cycles,
    request_cycle_ids uuid[] NOT NULL,
    rule text CHECK (rule IN ('proportional', 'priority', 'max_min')),
    supply jsonb NOT NULL,
    customers integer NOT NULL,
    products integer NOT NULL,
    requests integer NOT NULL,
    in_force boolean NOT NULL,
    ran_at timestamptz NOT NULL,
    ran_by text NOT NULL
);
CREATE INDEX ix_allocation_runs_strategy ON allocation_runs (strategy_id, run_id);
CREATE UNIQUE INDEX uq_allocation_runs_in_force ON allocation_runs (cycle_id) WHERE in_force;

CREATE TABLE allocation_cells (
    run_id uuid NOT NULL CONSTRAINT fk_allocation_cells_run REFERENCES allocation_runs,
    gtin text COLLATE "C" NOT NULL,
    tier smallint NOT NULL,
    price_segment text COLLATE "C",
    offered_customers integer NOT NULL,
    ordering_customers integer NOT NULL,
    capped_ordering_customers integer NOT NULL,
    full_customers integer NOT NULL,
    cap_sticks bigint NOT NULL,
    capped_ordered_sticks bigint NOT NULL,
    requested_sticks bigint NOT NULL,
    ordered_sticks bigint NOT NULL,
    supplied_sticks bigint NOT NULL,
    CONSTRAINT pk_allocation_cells PRIMARY KEY (run_id, gtin, tier)
);

CREATE TABLE allocation_shares (
    run_id uuid NOT NULL CONSTRAINT fk_allocation_shares_run REFERENCES allocation_runs,
    retailer_id text COLLATE "C" NOT NULL CONSTRAINT fk_allocation_shares_retailer REFERENCES retailers,
    gtin text COLLATE "C" NOT NULL,
    requested_sticks bigint NOT NULL,
    cap_sticks bigint,
    segment_cap_sticks bigint,
    ordered_sticks bigint NOT NULL,
    supplied_sticks bigint NOT NULL,
    CONSTRAINT pk_allocation_shares PRIMARY KEY (run_id, retailer_id, gtin)
);
"""


def upgrade() -> None:
    run_sql(TIERS)
    run_sql(ALLOCATION)
