"""Create models of customers' value with their scores, and segments."""

from humidor_common.db.migrate import run_sql

revision = "0014"
down_revision = "0012"

MODELS = """
CREATE TABLE models (
    model_id uuid CONSTRAINT pk_models PRIMARY KEY,
    model text COLLATE "C" NOT NULL CHECK (model IN ('rfm', 'lifetime', 'churn', 'potential', 'clusters')),
    party_kind text COLLATE "C" NOT NULL CHECK (party_kind IN ('retailer', 'consumer')),
    current boolean NOT NULL,
    customers integer NOT NULL,
    parameters jsonb NOT NULL,
    fit jsonb NOT NULL,
    holdout jsonb,
    reason text,
    as_of date NOT NULL,
    fitted_at timestamptz NOT NULL,
    fitted_by text NOT NULL
);
CREATE UNIQUE INDEX uq_models_current ON models (model, party_kind) WHERE current;

-- Written before their model is, in pieces; a model that is there has all of them.
CREATE TABLE model_scores (
    model_id uuid NOT NULL,
    party_id text COLLATE "C" NOT NULL,
    score double precision,
    label text,
    figures double precision[],
    CONSTRAINT pk_model_scores PRIMARY KEY (model_id, party_id)
);
"""

# Those who are in a segment, a few thousand ids a row in their order.
SEGMENTS = """
CREATE TABLE segments (
    segment_id uuid CONSTRAINT pk_segments PRIMARY KEY,
    name text NOT NULL,
    party_kind text COLLATE "C" NOT NULL CHECK (party_kind IN ('retailer', 'consumer')),
    mode text COLLATE "C" NOT NULL CHECK (mode IN ('live', 'frozen')),
    rule jsonb NOT NULL,
    size integer,
    revision integer NOT NULL,
    counted_at timestamptz,
    published_at timestamptz,
    retired boolean NOT NULL,
    version integer NOT NULL,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL
);
CREATE TABLE segment_chunks (
    segment_id uuid NOT NULL CONSTRAINT fk_segment_chunks_segment REFERENCES segments,
    revision integer NOT NULL,
    chunk integer NOT NULL,
    first_id text COLLATE "C" NOT NULL,
    last_id text COLLATE "C" NOT NULL,
    party_ids text[] NOT NULL,
    CONSTRAINT pk_segment_chunks PRIMARY KEY (segment_id, revision, chunk)
);
"""


def upgrade() -> None:
    run_sql(MODELS)
    run_sql(SEGMENTS)
