"""Create files that jobs make of lists, limits of approval and the history of rules for campaigns."""

from humidor_common.db.migrate import run_sql

revision = "0022"
down_revision = "0021"

SEGMENTS = "ALTER TABLE segments ADD COLUMN job_id uuid"
CAMPAIGNS = "ALTER TABLE campaigns ADD COLUMN keeps_set_price boolean NOT NULL DEFAULT false"

# `principal` is who asked, with the rights of then; `members` whether rows may be about members, one of whom
# may be erased while there is a file.
EXPORTS = """
CREATE TABLE exports (
    export_id uuid CONSTRAINT pk_exports PRIMARY KEY,
    subject text COLLATE "C" NOT NULL,
    principal jsonb NOT NULL,
    path text NOT NULL,
    format text COLLATE "C" NOT NULL,
    members boolean NOT NULL,
    file_name text,
    media_type text,
    rows bigint,
    bytes bigint,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    erased_at timestamptz
);
CREATE INDEX ix_exports_subject ON exports (subject, export_id);
CREATE INDEX ix_exports_expires ON exports (expires_at);

CREATE TABLE export_parts (
    export_id uuid NOT NULL CONSTRAINT fk_export_parts_export REFERENCES exports,
    part integer NOT NULL,
    content bytea NOT NULL,
    CONSTRAINT pk_export_parts PRIMARY KEY (export_id, part)
);
ALTER TABLE export_parts ALTER COLUMN content SET STORAGE EXTERNAL;
"""

# An `amount_minor` of null is any amount.
LIMITS = """
CREATE TABLE campaign_limits (
    holder_kind text COLLATE "C" NOT NULL CHECK (holder_kind IN ('role', 'person')),
    holder text COLLATE "C" NOT NULL,
    currency text COLLATE "C" NOT NULL,
    amount_minor bigint CHECK (amount_minor >= 0),
    retired boolean NOT NULL,
    version integer NOT NULL,
    changed_by text NOT NULL,
    changed_at timestamptz NOT NULL,
    CONSTRAINT pk_campaign_limits PRIMARY KEY (holder_kind, holder, currency)
);
"""

# Every version of every rule; of an operator's rule that is older only the present one is known.
RULES = """
ALTER TABLE campaign_rules ADD COLUMN in_force_until date;
CREATE TABLE campaign_rule_versions (
    rule_id text COLLATE "C" NOT NULL,
    version integer NOT NULL,
    rule jsonb NOT NULL,
    changed_by text NOT NULL,
    changed_at timestamptz NOT NULL,
    reason text,
    CONSTRAINT pk_campaign_rule_versions PRIMARY KEY (rule_id, version)
);
INSERT INTO campaign_rule_versions
SELECT rule_id, version, to_jsonb(r) || '{"built_in": false}', changed_by, changed_at, NULL
FROM campaign_rules r;
"""


def upgrade() -> None:
    run_sql(SEGMENTS)
    run_sql(CAMPAIGNS)
    run_sql(EXPORTS)
    run_sql(LIMITS)
    run_sql(RULES)
