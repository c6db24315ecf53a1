"""Create webhooks with what they were sent, requests of persons about their data, and the proof of them."""

from humidor_common.db.migrate import run_sql
from humidor_common.delivery import tables as deliveries
from humidor_common.privacy import tables as privacy

revision = "0007"
down_revision = "0006"

WEBHOOKS = """
CREATE TABLE webhooks (
    webhook_id uuid CONSTRAINT pk_webhooks PRIMARY KEY,
    name text NOT NULL,
    target text NOT NULL,
    types text[] NOT NULL,
    filters jsonb NOT NULL,
    enabled boolean NOT NULL,
    secret text NOT NULL,
    previous_secret text,
    previous_secret_until timestamptz,
    created_at timestamptz NOT NULL,
    version integer NOT NULL,
    changed_at timestamptz NOT NULL,
    changed_by text NOT NULL
);

CREATE TABLE webhook_messages (
    delivery_id uuid CONSTRAINT pk_webhook_messages PRIMARY KEY
        CONSTRAINT fk_webhook_messages_delivery REFERENCES deliveries ON DELETE CASCADE,
    webhook_id uuid NOT NULL CONSTRAINT fk_webhook_messages_webhook REFERENCES webhooks ON DELETE CASCADE,
    event_id uuid
);
CREATE INDEX ix_webhook_messages_webhook ON webhook_messages (webhook_id, delivery_id);
"""

RIGHTS = """
CREATE TABLE privacy_requests (
    request_id uuid CONSTRAINT pk_privacy_requests PRIMARY KEY,
    kind text COLLATE "C" NOT NULL CHECK (kind IN ('export', 'erasure')),
    member_id text COLLATE "C" NOT NULL CONSTRAINT fk_privacy_requests_member REFERENCES consumers,
    state text COLLATE "C" NOT NULL CHECK (state IN ('received', 'running', 'completed', 'refused')),
    basis text NOT NULL,
    identity_check text,
    received_at timestamptz NOT NULL,
    received_by text NOT NULL,
    due_at timestamptz NOT NULL,
    started_at timestamptz,
    ended_at timestamptz,
    refused_why text,
    fetch_key text,
    asked_at timestamptz
);
CREATE INDEX ix_privacy_requests_member ON privacy_requests (member_id, request_id);
CREATE INDEX ix_privacy_requests_state ON privacy_requests (state, request_id);
CREATE INDEX ix_privacy_requests_open ON privacy_requests (due_at, request_id)
    WHERE state IN ('received', 'running');

-- One row for each service that was asked, `customers` itself among them. `answer` holds counts and digests;
-- the gathered data stand in `document` until the rule `exports` does away with them.
CREATE TABLE privacy_answers (
    request_id uuid NOT NULL CONSTRAINT fk_privacy_answers_request REFERENCES privacy_requests,
    service text COLLATE "C" NOT NULL,
    asked_at timestamptz NOT NULL,
    answered_at timestamptz,
    answer jsonb,
    document bytea,
    fetched_at timestamptz,
    fetch_due_at timestamptz,
    fetch_tries integer NOT NULL DEFAULT 0,
    CONSTRAINT pk_privacy_answers PRIMARY KEY (request_id, service)
);
CREATE INDEX ix_privacy_answers_fetch_due ON privacy_answers (fetch_due_at) WHERE fetch_due_at IS NOT NULL;
CREATE INDEX ix_privacy_answers_document ON privacy_answers (fetched_at) WHERE document IS NOT NULL;

-- The chain of proof: `hash` is the SHA-256 of the previous hash, a line feed and `entry`.
CREATE TABLE privacy_ledger (
    seq bigint CONSTRAINT pk_privacy_ledger PRIMARY KEY,
    request_id uuid NOT NULL CONSTRAINT fk_privacy_ledger_request REFERENCES privacy_requests,
    entry text NOT NULL,
    previous text NOT NULL,
    hash text NOT NULL
);
CREATE INDEX ix_privacy_ledger_request ON privacy_ledger (request_id, seq);
CREATE TRIGGER privacy_ledger_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON privacy_ledger
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE INDEX ix_consumers_ended_at ON consumers (ended_at) WHERE ended_why IN ('left', 'not_an_adult');
"""


def upgrade() -> None:
    deliveries.create()
    privacy.create_retention()
    run_sql(WEBHOOKS)
    run_sql(RIGHTS)
