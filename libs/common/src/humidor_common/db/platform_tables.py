"""The tables that every service's database has."""

from humidor_common.db.migrate import run_sql

PLATFORM_TABLES = """
CREATE TABLE outbox (
    id bigint GENERATED ALWAYS AS IDENTITY (CACHE 1) PRIMARY KEY,
    event_id uuid NOT NULL,
    type text NOT NULL,
    topic text NOT NULL,
    key text NOT NULL,
    subject text NOT NULL,
    time timestamptz NOT NULL,
    traceparent text,
    payload bytea NOT NULL,
    headers jsonb
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000);

CREATE TABLE inbox (
    consumer text NOT NULL,
    event_id uuid NOT NULL,
    processed_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT pk_inbox PRIMARY KEY (consumer, event_id)
);
CREATE INDEX ix_inbox_processed_at ON inbox USING brin (processed_at);

CREATE TABLE dead_letters (
    dead_letter_id uuid PRIMARY KEY,
    consumer text NOT NULL,
    topic text NOT NULL,
    partition integer NOT NULL,
    kafka_offset bigint NOT NULL,
    key text,
    type text,
    event_id uuid,
    headers jsonb NOT NULL,
    payload bytea,
    reason text NOT NULL,
    traceparent text,
    attempts integer NOT NULL DEFAULT 1,
    state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'retried', 'dropped')),
    created_at timestamptz NOT NULL DEFAULT now(),
    settled_at timestamptz,
    settled_by text,
    settled_reason text
);
CREATE UNIQUE INDEX uq_dead_letters_open ON dead_letters (consumer, topic, partition, kafka_offset)
    WHERE state = 'open';
CREATE INDEX ix_dead_letters_state ON dead_letters (state, dead_letter_id);

CREATE TABLE idempotency_keys (
    principal text NOT NULL,
    key text NOT NULL,
    request_hash bytea NOT NULL,
    status integer NOT NULL,
    response bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT pk_idempotency_keys PRIMARY KEY (principal, key)
);
CREATE INDEX ix_idempotency_keys_created_at ON idempotency_keys (created_at);

CREATE TABLE audit_trail (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT now(),
    actor text NOT NULL,
    actor_kind text NOT NULL,
    action text NOT NULL,
    entity text NOT NULL,
    entity_id text NOT NULL,
    before jsonb,
    after jsonb,
    reason text,
    trace_id text
);
CREATE INDEX ix_audit_trail_entity ON audit_trail (entity, entity_id, id);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS
$$BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END$$;

CREATE TRIGGER audit_trail_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_trail
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""


def create() -> None:
    """Create them; the first migration of a service calls this."""
    run_sql(PLATFORM_TABLES)
