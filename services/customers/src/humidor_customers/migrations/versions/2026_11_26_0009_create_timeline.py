"""Create the timeline, interactions over channels, tasks, visits and presales."""

from humidor_common.db.migrate import run_sql
from humidor_common.delivery import tables as deliveries

revision = "0009"
down_revision = "0008"

# A quarter a partition, and one each for all that is before and after: without a default partition the newest
# entries are found by walking the partitions backwards, and none that is older than needed is opened.
TIMELINE = """
CREATE TABLE timeline (
    party_kind text COLLATE "C" NOT NULL CHECK (party_kind IN ('retailer', 'consumer')),
    party_id text COLLATE "C" NOT NULL,
    happened_at timestamptz NOT NULL,
    entry_id uuid NOT NULL,
    kind text COLLATE "C" NOT NULL,
    store_id text COLLATE "C",
    details jsonb NOT NULL,
    CONSTRAINT pk_timeline PRIMARY KEY (party_kind, party_id, happened_at, entry_id)
) PARTITION BY RANGE (happened_at);
CREATE INDEX ix_timeline_sale ON timeline (entry_id) WHERE kind = 'sale';
CREATE TABLE timeline_early PARTITION OF timeline FOR VALUES FROM (MINVALUE) TO ('2020-01-01 00:00+00');
CREATE TABLE timeline_late PARTITION OF timeline FOR VALUES FROM ('2020-01-01 00:00+00') TO (MAXVALUE);

-- What of `…_late` belongs to a new quarter is moved there, so it must not be large: it never is, as long as
-- quarters are made ahead.
CREATE FUNCTION ensure_quarters(parent text, moment text, quarters_ahead integer) RETURNS integer
LANGUAGE plpgsql SET lock_timeout = '5s' SET timezone = 'UTC' AS $$
DECLARE
    late text := parent || '_late';
    quarter timestamptz;
    beginning timestamptz;
    ending timestamptz := date_trunc('quarter', now()) + make_interval(months => 3 * (quarters_ahead + 1));
    made integer := 0;
BEGIN
    PERFORM pg_advisory_xact_lock(7407002, hashtext(parent));
    SELECT substring(pg_get_expr(relpartbound, oid) FROM 'FROM \\(''([^'']+)''\\)')::timestamptz
      INTO beginning FROM pg_class WHERE oid = late::regclass;
    IF beginning >= ending THEN
        RETURN 0;
    END IF;
    EXECUTE format('ALTER TABLE %I DETACH PARTITION %I', parent, late);
    FOR quarter IN SELECT generate_series(beginning, ending - interval '3 months', interval '3 months') LOOP
        EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L)',
                       parent || '_' || to_char(quarter, 'YYYY"q"Q'), parent, quarter,
                       quarter + interval '3 months');
        made := made + 1;
    END LOOP;
    EXECUTE format('WITH moved AS (DELETE FROM %I WHERE %I < $1 RETURNING *)'
                   ' INSERT INTO %I SELECT * FROM moved', late, moment, parent) USING ending;
    EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (MAXVALUE)',
                   parent, late, ending);
    RETURN made;
END$$;
SELECT ensure_quarters('timeline', 'happened_at', 2);

-- Returns and voids of sales that are not known, or that have no member.
CREATE TABLE timeline_waiting (
    sale_id uuid NOT NULL,
    entry_id uuid NOT NULL,
    kind text COLLATE "C" NOT NULL,
    happened_at timestamptz NOT NULL,
    store_id text COLLATE "C",
    details jsonb NOT NULL,
    CONSTRAINT pk_timeline_waiting PRIMARY KEY (sale_id, entry_id)
);
CREATE INDEX ix_timeline_waiting_happened ON timeline_waiting (happened_at);
"""

INTERACTIONS = """
CREATE TABLE channel_accounts (
    account_id text COLLATE "C" CONSTRAINT pk_channel_accounts PRIMARY KEY,
    adapter text COLLATE "C" NOT NULL,
    name text NOT NULL,
    settings jsonb NOT NULL,
    secrets jsonb NOT NULL,
    enabled boolean NOT NULL,
    cursor text,
    version integer NOT NULL,
    changed_at timestamptz NOT NULL,
    changed_by text NOT NULL
);

-- Under which name a customer is known over there, such as an external_userid of WeCom; personal data.
CREATE TABLE channel_handles (
    account_id text COLLATE "C" NOT NULL CONSTRAINT fk_channel_handles_account REFERENCES channel_accounts,
    handle text COLLATE "C" NOT NULL,
    party_kind text COLLATE "C" NOT NULL CHECK (party_kind IN ('retailer', 'consumer')),
    party_id text COLLATE "C" NOT NULL,
    added_at timestamptz NOT NULL,
    CONSTRAINT pk_channel_handles PRIMARY KEY (account_id, handle)
);
CREATE INDEX ix_channel_handles_party ON channel_handles (party_kind, party_id, account_id);

CREATE TABLE interactions (
    interaction_id uuid CONSTRAINT pk_interactions PRIMARY KEY,
    party_kind text COLLATE "C" CHECK (party_kind IN ('retailer', 'consumer')),
    party_id text COLLATE "C",
    medium text COLLATE "C" NOT NULL
        CHECK (medium IN ('call', 'visit', 'email', 'sms', 'wechat', 'app', 'post', 'other')),
    direction text COLLATE "C" NOT NULL CHECK (direction IN ('in', 'out')),
    purpose text COLLATE "C" NOT NULL,
    state text COLLATE "C" NOT NULL
        CHECK (state IN ('recorded', 'received', 'queued', 'sent', 'delivered', 'failed', 'withheld')),
    occurred_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    recorded_by text NOT NULL,
    account_id text COLLATE "C" CONSTRAINT fk_interactions_account REFERENCES channel_accounts,
    provider_id text COLLATE "C",
    delivery_id uuid,
    reply_to uuid,
    duration_seconds integer,
    outcome text,
    reason text,
    without_consent boolean NOT NULL,
    CONSTRAINT ck_interactions_party CHECK ((party_kind IS NULL) = (party_id IS NULL))
);
CREATE INDEX ix_interactions_party ON interactions (party_kind, party_id, interaction_id);
CREATE INDEX ix_interactions_unassigned ON interactions (interaction_id) WHERE party_id IS NULL;
CREATE UNIQUE INDEX uq_interactions_provider ON interactions (account_id, direction, provider_id)
    WHERE provider_id IS NOT NULL;

-- What was said and by whom: personal data, apart from everything else, so that it can be erased.
CREATE TABLE interaction_texts (
    interaction_id uuid CONSTRAINT pk_interaction_texts PRIMARY KEY
        CONSTRAINT fk_interaction_texts_interaction REFERENCES interactions,
    address text,
    subject text,
    text text,
    template jsonb
);
-- Whose number or address a message came from.
CREATE INDEX ix_consumer_contacts_email ON consumer_contacts (lower(email)) WHERE email IS NOT NULL;
CREATE INDEX ix_consumer_contacts_phone
    ON consumer_contacts (right(regexp_replace(phone, '[^0-9]', '', 'g'), 11)) WHERE phone IS NOT NULL;
-- Addresses of contacts in lower case.
ALTER TABLE retailers ADD COLUMN email_keys text[] NOT NULL DEFAULT '{}';
UPDATE retailers SET email_keys = ARRAY(
    SELECT DISTINCT lower(c->>'email') FROM jsonb_array_elements(contacts) c WHERE c->>'email' <> '');
CREATE INDEX ix_retailers_email_keys ON retailers USING gin (email_keys);
"""

WORK = """
CREATE TABLE tasks (
    task_id uuid CONSTRAINT pk_tasks PRIMARY KEY,
    party_kind text COLLATE "C" NOT NULL CHECK (party_kind IN ('retailer', 'consumer')),
    party_id text COLLATE "C" NOT NULL,
    kind text COLLATE "C" NOT NULL,
    title text,
    note text,
    priority text COLLATE "C" NOT NULL CHECK (priority IN ('low', 'normal', 'high')),
    due_at timestamptz NOT NULL,
    assignee text COLLATE "C" NOT NULL,
    state text COLLATE "C" NOT NULL CHECK (state IN ('open', 'done', 'cancelled')),
    outcome text,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL,
    closed_by text,
    closed_at timestamptz,
    version integer NOT NULL,
    changed_at timestamptz NOT NULL
);
CREATE INDEX ix_tasks_party ON tasks (party_kind, party_id, due_at, task_id);
CREATE INDEX ix_tasks_party_open ON tasks (party_kind, party_id, due_at) WHERE state = 'open';
CREATE INDEX ix_tasks_assignee ON tasks (assignee, state, due_at, task_id);
CREATE INDEX ix_tasks_due ON tasks (state, due_at, task_id);

CREATE TABLE visit_places (
    retailer_id text COLLATE "C" CONSTRAINT pk_visit_places PRIMARY KEY
        CONSTRAINT fk_visit_places_retailer REFERENCES retailers,
    latitude double precision NOT NULL CHECK (latitude BETWEEN -90 AND 90),
    longitude double precision NOT NULL CHECK (longitude BETWEEN -180 AND 180),
    every_days integer CHECK (every_days BETWEEN 1 AND 366),
    changed_at timestamptz NOT NULL,
    changed_by text NOT NULL
);

CREATE TABLE visit_plans (
    plan_id uuid CONSTRAINT pk_visit_plans PRIMARY KEY,
    planned_on date NOT NULL,
    visitor text COLLATE "C" NOT NULL,
    start_latitude double precision,
    start_longitude double precision,
    length_m integer,
    version integer NOT NULL,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT ck_visit_plans_start CHECK ((start_latitude IS NULL) = (start_longitude IS NULL))
);
CREATE INDEX ix_visit_plans_visitor ON visit_plans (visitor, plan_id);

CREATE TABLE visits (
    visit_id uuid CONSTRAINT pk_visits PRIMARY KEY,
    plan_id uuid CONSTRAINT fk_visits_plan REFERENCES visit_plans,
    stop integer,
    retailer_id text COLLATE "C" NOT NULL CONSTRAINT fk_visits_retailer REFERENCES retailers,
    purpose text COLLATE "C" NOT NULL,
    planned_on date NOT NULL,
    visitor text COLLATE "C" NOT NULL,
    state text COLLATE "C" NOT NULL CHECK (state IN ('planned', 'done', 'missed', 'cancelled')),
    arrived_at timestamptz,
    left_at timestamptz,
    distance_m integer,
    outcome text,
    note text,
    closed_by text,
    closed_at timestamptz
);
CREATE INDEX ix_visits_plan ON visits (plan_id, stop);
CREATE INDEX ix_visits_retailer ON visits (retailer_id, visit_id);
CREATE INDEX ix_visits_planned ON visits (retailer_id, planned_on) WHERE state = 'planned';
CREATE INDEX ix_visits_done ON visits (retailer_id, arrived_at DESC) WHERE state = 'done';

CREATE TABLE presales (
    presale_id uuid CONSTRAINT pk_presales PRIMARY KEY,
    kind text COLLATE "C" NOT NULL CHECK (kind IN ('consultation', 'sample')),
    retailer_id text COLLATE "C" NOT NULL CONSTRAINT fk_presales_retailer REFERENCES retailers,
    state text COLLATE "C" NOT NULL,
    subject text NOT NULL,
    lines jsonb NOT NULL,
    owner text COLLATE "C" NOT NULL,
    licence_number text,
    order_reference text,
    value_minor bigint,
    currency text,
    opened_at timestamptz NOT NULL,
    closed_at timestamptz,
    version integer NOT NULL,
    changed_at timestamptz NOT NULL
);
CREATE INDEX ix_presales_retailer ON presales (retailer_id, presale_id);
CREATE INDEX ix_presales_retailer_open ON presales (retailer_id) WHERE closed_at IS NULL;
CREATE INDEX ix_presales_open ON presales (presale_id) WHERE closed_at IS NULL;
CREATE INDEX ix_presales_opened ON presales (opened_at);

CREATE TABLE presale_steps (
    presale_id uuid NOT NULL CONSTRAINT fk_presale_steps_presale REFERENCES presales,
    version integer NOT NULL,
    state text COLLATE "C" NOT NULL,
    note text,
    taken_by text NOT NULL,
    taken_at timestamptz NOT NULL,
    CONSTRAINT pk_presale_steps PRIMARY KEY (presale_id, version)
);
"""


def upgrade() -> None:
    run_sql(TIMELINE)
    deliveries.allow_own()
    run_sql(INTERACTIONS)
    run_sql(WORK)
