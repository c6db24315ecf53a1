"""Create connectors to other systems, their runs, links, failures, webhooks taken, survey answers."""

from humidor_common.db.migrate import run_sql

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    run_sql("""
        CREATE INDEX ix_retailers_changed ON retailers (changed_at, retailer_id);

        CREATE TABLE connectors (
            connector_id text COLLATE "C" CONSTRAINT pk_connectors PRIMARY KEY,
            kind text COLLATE "C" NOT NULL CHECK (kind IN ('zoho', 'fxiaoke', 'webhook')),
            name text NOT NULL,
            enabled boolean NOT NULL,
            options jsonb NOT NULL,
            mapping jsonb NOT NULL,
            every_minutes integer,
            sealed_secrets text,
            secret_names text[] NOT NULL,
            sealed_access text,
            pulled_until timestamptz,
            pushed_until timestamptz,
            due_at timestamptz,
            version integer NOT NULL,
            changed_at timestamptz NOT NULL
        );
        CREATE INDEX ix_connectors_due ON connectors (due_at) WHERE enabled AND due_at IS NOT NULL;

        CREATE TABLE crm_links (
            connector_id text COLLATE "C" NOT NULL CONSTRAINT fk_crm_links_connector REFERENCES connectors,
            remote_id text COLLATE "C" NOT NULL,
            retailer_id text COLLATE "C" NOT NULL CONSTRAINT fk_crm_links_retailer REFERENCES retailers,
            state text COLLATE "C" NOT NULL CHECK (state IN ('live', 'gone')),
            -- What the record last held over there, in our terms: what both changed since is a conflict.
            shadow jsonb NOT NULL,
            sent_version integer NOT NULL,
            -- Whether it lacks something that we have, as its last reading showed.
            owed boolean NOT NULL,
            remote_modified_at timestamptz,
            linked_at timestamptz NOT NULL,
            CONSTRAINT pk_crm_links PRIMARY KEY (connector_id, remote_id)
        );
        CREATE UNIQUE INDEX uq_crm_links_live ON crm_links (retailer_id, connector_id) WHERE state = 'live';
        CREATE INDEX ix_crm_links_owed ON crm_links (connector_id, retailer_id) WHERE owed;
        CREATE INDEX ix_crm_links_retailer ON crm_links (retailer_id, connector_id);

        -- `due_at` is when somebody may take it; while one works on it, it is when the lease on it ends.
        CREATE TABLE sync_runs (
            run_id uuid CONSTRAINT pk_sync_runs PRIMARY KEY,
            connector_id text COLLATE "C" NOT NULL CONSTRAINT fk_sync_runs_connector REFERENCES connectors,
            started_by text NOT NULL,
            dry_run boolean NOT NULL,
            complete boolean NOT NULL,
            state text COLLATE "C" NOT NULL
                CHECK (state IN ('queued', 'running', 'waiting', 'done', 'failed', 'cancelled')),
            phase text COLLATE "C" NOT NULL CHECK (phase IN ('retries', 'pull', 'deletions', 'owed', 'push')),
            cursor jsonb,
            since timestamptz,
            push_since timestamptz,
            remote_time timestamptz,
            due_at timestamptz NOT NULL,
            lease integer NOT NULL,
            tries integer NOT NULL,
            counts jsonb NOT NULL,
            code text,
            detail text,
            created_at timestamptz NOT NULL,
            started_at timestamptz,
            ended_at timestamptz
        ) WITH (fillfactor = 70);
        CREATE UNIQUE INDEX uq_sync_runs_open ON sync_runs (connector_id)
            WHERE state IN ('queued', 'running', 'waiting');
        CREATE INDEX ix_sync_runs_due ON sync_runs (due_at) WHERE state IN ('queued', 'running', 'waiting');
        CREATE INDEX ix_sync_runs_connector ON sync_runs (connector_id, run_id);

        CREATE TABLE sync_items (
            run_id uuid NOT NULL CONSTRAINT fk_sync_items_run REFERENCES sync_runs ON DELETE CASCADE,
            item_id uuid NOT NULL,
            direction text COLLATE "C" NOT NULL CHECK (direction IN ('in', 'out')),
            outcome text COLLATE "C" NOT NULL,
            remote_id text COLLATE "C",
            retailer_id text COLLATE "C",
            fields jsonb NOT NULL,
            CONSTRAINT pk_sync_items PRIMARY KEY (run_id, item_id)
        );
        CREATE INDEX ix_sync_items_retailer ON sync_items (run_id, retailer_id);

        CREATE TABLE sync_failures (
            failure_id uuid CONSTRAINT pk_sync_failures PRIMARY KEY,
            connector_id text COLLATE "C" NOT NULL
                CONSTRAINT fk_sync_failures_connector REFERENCES connectors,
            run_id uuid,
            direction text COLLATE "C" NOT NULL CHECK (direction IN ('in', 'out')),
            subject text COLLATE "C" NOT NULL,
            remote_id text COLLATE "C",
            retailer_id text COLLATE "C",
            code text COLLATE "C" NOT NULL,
            errors jsonb NOT NULL,
            tries integer NOT NULL,
            state text COLLATE "C" NOT NULL CHECK (state IN ('open', 'solved', 'dropped')),
            decision text COLLATE "C" CHECK (decision IN ('ours', 'theirs')),
            first_at timestamptz NOT NULL,
            last_at timestamptz NOT NULL,
            due_at timestamptz NOT NULL,
            settled_reason text
        );
        CREATE UNIQUE INDEX uq_sync_failures_open ON sync_failures (connector_id, direction, subject)
            WHERE state = 'open';
        CREATE INDEX ix_sync_failures_due ON sync_failures (connector_id, due_at) WHERE state = 'open';
        CREATE INDEX ix_sync_failures_settled ON sync_failures (connector_id, last_at) WHERE state <> 'open';
        CREATE INDEX ix_sync_failures_list ON sync_failures (connector_id, state, failure_id);
        CREATE INDEX ix_sync_failures_state ON sync_failures (state, failure_id);

        CREATE TABLE hook_messages (
            connector_id text COLLATE "C" NOT NULL
                CONSTRAINT fk_hook_messages_connector REFERENCES connectors,
            message_id text COLLATE "C" NOT NULL,
            body_hash bytea NOT NULL,
            answer jsonb NOT NULL,
            received_at timestamptz NOT NULL,
            CONSTRAINT pk_hook_messages PRIMARY KEY (connector_id, message_id)
        );
        CREATE INDEX ix_hook_messages_received ON hook_messages (received_at);

        CREATE TABLE survey_responses (
            survey text COLLATE "C" NOT NULL,
            response_id text COLLATE "C" NOT NULL,
            response_key uuid NOT NULL CONSTRAINT uq_survey_responses_key UNIQUE,
            retailer_id text COLLATE "C" CONSTRAINT fk_survey_responses_retailer REFERENCES retailers,
            member_id text COLLATE "C" CONSTRAINT fk_survey_responses_member REFERENCES consumers,
            answered_at timestamptz NOT NULL,
            answers jsonb NOT NULL,
            received_at timestamptz NOT NULL,
            CONSTRAINT pk_survey_responses PRIMARY KEY (survey, response_id)
        );
        CREATE INDEX ix_survey_responses_retailer ON survey_responses (retailer_id, survey, response_id)
            WHERE retailer_id IS NOT NULL;
        CREATE INDEX ix_survey_responses_member ON survey_responses (member_id, survey, response_id)
            WHERE member_id IS NOT NULL;
    """)
