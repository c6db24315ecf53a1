"""Create profiles of customers, and jobs that work on them off the request."""

from humidor_common.db.migrate import run_sql

revision = "0012"
down_revision = "0010"

JOBS = """
CREATE TABLE jobs (
    job_id uuid CONSTRAINT pk_jobs PRIMARY KEY,
    kind text COLLATE "C" NOT NULL,
    parameters jsonb NOT NULL,
    state text COLLATE "C" NOT NULL CHECK (state IN ('queued', 'running', 'done', 'failed', 'cancelled')),
    progress double precision NOT NULL CHECK (progress BETWEEN 0 AND 1),
    stage text NOT NULL,
    result jsonb,
    code text COLLATE "C",
    detail text,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL,
    started_at timestamptz,
    ended_at timestamptz,
    due_at timestamptz NOT NULL,
    lease integer NOT NULL
);
CREATE INDEX ix_jobs_open ON jobs (due_at, job_id) WHERE state IN ('queued', 'running');
CREATE INDEX ix_jobs_ended ON jobs (ended_at);
"""

# Narrow, because segments read all of them; what each figure rests on stands apart in `profile_details`.
PROFILES = """
CREATE TABLE profiles (
    computed_at timestamptz NOT NULL,
    last_at timestamptz NOT NULL,
    spend_minor bigint NOT NULL,
    spend_year_minor bigint NOT NULL,
    repeat_spend_minor bigint NOT NULL,
    sticks_year bigint NOT NULL,
    first_on date NOT NULL,
    last_on date NOT NULL,
    active_days integer NOT NULL CHECK (active_days > 0),
    purchases integer NOT NULL,
    purchases_year integer NOT NULL,
    returns_year integer NOT NULL,
    basket_sticks double precision,
    basket_minor double precision,
    basket_lines double precision,
    gap_days double precision,
    favourite_brand_share double precision,
    price_sensitivity double precision CHECK (price_sensitivity BETWEEN 0 AND 1),
    satisfaction double precision CHECK (satisfaction BETWEEN 0 AND 1),
    usual_hour smallint CHECK (usual_hour BETWEEN 0 AND 23),
    usual_weekday smallint CHECK (usual_weekday BETWEEN 1 AND 7),
    contacts_year integer NOT NULL,
    party_kind text COLLATE "C" NOT NULL CHECK (party_kind IN ('retailer', 'consumer')),
    party_id text COLLATE "C" NOT NULL,
    store_id text COLLATE "C" NOT NULL,
    currency text COLLATE "C" NOT NULL,
    channel text COLLATE "C" NOT NULL CHECK (channel IN ('till', 'order', 'both')),
    lifecycle text COLLATE "C" NOT NULL
        CHECK (lifecycle IN ('new', 'active', 'cooling', 'dormant', 'lost', 'ended')),
    favourite_brand text,
    favourite_price_class text,
    CONSTRAINT pk_profiles PRIMARY KEY (party_kind, party_id)
);
CREATE INDEX ix_profiles_computed ON profiles (computed_at);
CREATE INDEX ix_profiles_store ON profiles (store_id, party_kind, party_id);

CREATE TABLE profile_details (
    party_kind text COLLATE "C" NOT NULL,
    party_id text COLLATE "C" NOT NULL,
    details jsonb NOT NULL,
    CONSTRAINT pk_profile_details PRIMARY KEY (party_kind, party_id)
);
"""


def upgrade() -> None:
    run_sql(JOBS)
    run_sql(PROFILES)
