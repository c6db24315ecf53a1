"""Create members among consumers, what they allow, and, apart from both, who they are."""

from humidor_common.db.migrate import run_sql

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    run_sql("""
        CREATE TABLE consumers (
            member_id text COLLATE "C" CONSTRAINT pk_consumers PRIMARY KEY,
            card_number text COLLATE "C" CONSTRAINT uq_consumers_card_number UNIQUE,
            store_id text COLLATE "C" NOT NULL CONSTRAINT fk_consumers_store REFERENCES stores,
            joined_at timestamptz NOT NULL,
            adult_verified boolean NOT NULL,
            adult_method text,
            adult_checked_on date,
            ended_why text CHECK (ended_why IN ('left', 'not_an_adult', 'erased')),
            ended_at timestamptz,
            version integer NOT NULL,
            changed_at timestamptz NOT NULL,
            CONSTRAINT ck_consumers_ended CHECK ((ended_why IS NULL) = (ended_at IS NULL))
        );
        CREATE INDEX ix_consumers_store ON consumers (store_id, member_id);

        CREATE TABLE consumer_contacts (
            member_id text COLLATE "C" CONSTRAINT pk_consumer_contacts PRIMARY KEY
                CONSTRAINT fk_consumer_contacts_member REFERENCES consumers,
            name text,
            phone text,
            email text
        );

        CREATE TABLE consents (
            consent_id uuid CONSTRAINT pk_consents PRIMARY KEY,
            member_id text COLLATE "C" NOT NULL CONSTRAINT fk_consents_member REFERENCES consumers,
            purpose text NOT NULL,
            channel text NOT NULL,
            given boolean NOT NULL,
            decided_at timestamptz NOT NULL,
            source text NOT NULL,
            text_version text NOT NULL,
            recorded_by text NOT NULL,
            recorded_at timestamptz NOT NULL
        );
        CREATE INDEX ix_consents_member ON consents (member_id, consent_id);
        CREATE TRIGGER consents_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON consents
            FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

        CREATE TABLE consent_states (
            member_id text COLLATE "C" NOT NULL CONSTRAINT fk_consent_states_member REFERENCES consumers,
            purpose text COLLATE "C" NOT NULL,
            channel text COLLATE "C" NOT NULL,
            given boolean NOT NULL,
            decided_at timestamptz NOT NULL,
            source text NOT NULL,
            text_version text NOT NULL,
            CONSTRAINT pk_consent_states PRIMARY KEY (member_id, purpose, channel)
        );
        CREATE INDEX ix_consent_states_given ON consent_states (purpose, channel, member_id) WHERE given;
    """)
