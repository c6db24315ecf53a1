"""The tables of outgoing messages, for the database of a service that sends any."""

from humidor_common.db.migrate import run_sql

DELIVERIES = """
-- `due_at` is when the next attempt may begin; while one is under way it is when the lease on it ends.
-- `tries` are the attempts since it was put in or an operator had it tried again, `attempts` all of them.
CREATE TABLE deliveries (
    delivery_id uuid PRIMARY KEY,
    channel text COLLATE "C" NOT NULL CHECK (channel IN ('webhook', 'email', 'wecom', 'dingtalk')),
    target text COLLATE "C" NOT NULL,
    secret text,
    topic text COLLATE "C" NOT NULL,
    subject text NOT NULL,
    body jsonb NOT NULL,
    state text COLLATE "C" NOT NULL DEFAULT 'pending'
        CHECK (state IN ('pending', 'sent', 'parked', 'dropped')),
    attempts integer NOT NULL DEFAULT 0,
    tries integer NOT NULL DEFAULT 0,
    due_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    settled_at timestamptz,
    reason text,
    traceparent text
) WITH (fillfactor = 70);
CREATE INDEX ix_deliveries_due ON deliveries (due_at) WHERE state = 'pending';
CREATE INDEX ix_deliveries_state ON deliveries (state, delivery_id);
CREATE INDEX ix_deliveries_settled ON deliveries (settled_at) WHERE state IN ('sent', 'dropped');

CREATE TABLE delivery_attempts (
    delivery_id uuid NOT NULL
        CONSTRAINT fk_delivery_attempts_delivery REFERENCES deliveries ON DELETE CASCADE,
    attempt integer NOT NULL,
    target text COLLATE "C" NOT NULL,
    started_at timestamptz NOT NULL,
    ended_at timestamptz,
    outcome text COLLATE "C" CHECK (outcome IN ('sent', 'failed', 'refused')),
    status integer,
    detail text,
    CONSTRAINT pk_delivery_attempts PRIMARY KEY (delivery_id, attempt)
);
-- How many messages each robot has been given in the last minute.
CREATE INDEX ix_delivery_attempts_started ON delivery_attempts (started_at, target);
"""


ALLOW_OWN = """
ALTER TABLE deliveries DROP CONSTRAINT deliveries_channel_check,
    ADD CONSTRAINT deliveries_channel_check
        CHECK (channel IN ('webhook', 'email', 'wecom', 'dingtalk', 'own'));
"""


def create() -> None:
    """Create them; one migration of the service calls this."""
    run_sql(DELIVERIES)


def allow_own() -> None:
    """Let a service put in messages that it sends in its own way."""
    run_sql(ALLOW_OWN)
