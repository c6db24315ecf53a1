"""The tables of rights and retention, for the database of a service that holds data of members."""

from humidor_common.db.migrate import run_sql

RETENTION = """
CREATE TABLE retention_rules (
    purpose text COLLATE "C" CONSTRAINT pk_retention_rules PRIMARY KEY,
    keep_days integer CHECK (keep_days > 0),
    version integer NOT NULL,
    changed_at timestamptz NOT NULL,
    changed_by text NOT NULL
);
COMMENT ON COLUMN retention_rules.keep_days IS 'NULL keeps it for ever';

CREATE TABLE retention_runs (
    run_id uuid CONSTRAINT pk_retention_runs PRIMARY KEY,
    dry_run boolean NOT NULL,
    requested_at timestamptz NOT NULL,
    requested_by text NOT NULL,
    done_at timestamptz,
    outcomes jsonb NOT NULL DEFAULT '[]'
);
CREATE INDEX ix_retention_runs_due ON retention_runs (run_id) WHERE done_at IS NULL;
"""

# A member's id is kept to erase again what comes in late: a till may have been offline for months.
ANSWERS = """
CREATE TABLE erased_persons (
    member_id text COLLATE "C" CONSTRAINT pk_erased_persons PRIMARY KEY,
    request_id uuid NOT NULL,
    erased_at timestamptz NOT NULL
);
CREATE INDEX ix_erased_persons_erased_at ON erased_persons (erased_at, member_id);

CREATE TABLE person_exports (
    request_id uuid CONSTRAINT pk_person_exports PRIMARY KEY,
    member_id text COLLATE "C" NOT NULL,
    key_hash bytea NOT NULL,
    document bytea NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX ix_person_exports_member ON person_exports (member_id);
CREATE INDEX ix_person_exports_expires_at ON person_exports (expires_at);
"""


def create_retention() -> None:
    """Create what every such service needs; one migration of it calls this."""
    run_sql(RETENTION)


def create_answers() -> None:
    """Create what a service needs that is asked by `customers`."""
    run_sql(ANSWERS)
