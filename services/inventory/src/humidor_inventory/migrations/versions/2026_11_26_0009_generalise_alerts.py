"""Let alerts be of any kind, with rules, subscriptions and messages to the outside."""

from humidor_common.db.migrate import run_sql
from humidor_common.delivery import tables

revision = "0009"
down_revision = "0008"

ALERTS = """
ALTER TABLE alerts
    ALTER gtin DROP NOT NULL, ALTER on_hand_sticks DROP NOT NULL, ALTER reserved_sticks DROP NOT NULL,
    ALTER on_order_sticks DROP NOT NULL, ALTER reorder_point_sticks DROP NOT NULL,
    ADD subject text COLLATE "C", ADD lot text COLLATE "C",
    ADD severity text COLLATE "C" NOT NULL DEFAULT 'warning'
        CHECK (severity IN ('info', 'warning', 'critical')),
    ADD figures jsonb NOT NULL DEFAULT '{}', ADD updated_at timestamptz,
    ADD quiet boolean NOT NULL DEFAULT false, ADD escalate_at timestamptz, ADD escalated_at timestamptz,
    ADD acknowledged_at timestamptz, ADD acknowledged_by text, ADD acknowledged_note text,
    ADD snoozed_until timestamptz, ADD snoozed_by text;
UPDATE alerts SET subject = gtin, updated_at = coalesce(closed_at, raised_at), figures = jsonb_build_object(
    'on_hand_sticks', on_hand_sticks, 'reserved_sticks', reserved_sticks, 'on_order_sticks', on_order_sticks,
    'reorder_point_sticks', reorder_point_sticks);
ALTER TABLE alerts ALTER subject SET NOT NULL, ALTER updated_at SET NOT NULL,
    ALTER kind TYPE text COLLATE "C", ALTER state TYPE text COLLATE "C";

DROP INDEX uq_alerts_open;
CREATE UNIQUE INDEX uq_alerts_open ON alerts (store_id, kind, subject) WHERE closed_at IS NULL;
CREATE INDEX ix_alerts_standing ON alerts (store_id, kind, severity) WHERE closed_at IS NULL;
CREATE INDEX ix_alerts_kind ON alerts (kind, state, alert_id);
CREATE INDEX ix_alerts_escalate ON alerts (escalate_at)
    WHERE closed_at IS NULL AND acknowledged_at IS NULL AND escalated_at IS NULL AND escalate_at IS NOT NULL;
CREATE INDEX ix_alerts_order ON alerts (purchase_order_id) WHERE purchase_order_id IS NOT NULL;

-- As `alert_open` for the reorder point: what is known of a shelf's alerts wherever its balance is read.
ALTER TABLE stock ADD stock_out_open boolean NOT NULL DEFAULT false,
    ADD negative_open boolean NOT NULL DEFAULT false;
"""

RULES = """
-- '' stands for every store, product or brand.
CREATE TABLE alert_rules (
    rule_id uuid PRIMARY KEY,
    kind text COLLATE "C" NOT NULL,
    gtin text COLLATE "C" NOT NULL DEFAULT '',
    brand text COLLATE "C" NOT NULL DEFAULT '',
    store_id text COLLATE "C" NOT NULL DEFAULT '',
    enabled boolean NOT NULL,
    severity text COLLATE "C" CHECK (severity IN ('info', 'warning', 'critical')),
    threshold_days integer,
    window_days integer,
    escalate_after_minutes integer,
    quiet boolean NOT NULL,
    version integer NOT NULL,
    changed_at timestamptz NOT NULL,
    changed_by text NOT NULL,
    CONSTRAINT uq_alert_rules_scope UNIQUE (kind, gtin, brand, store_id),
    CONSTRAINT ck_alert_rules_scope CHECK (gtin = '' OR brand = '')
);

-- A full sweep goes over the stores in their order and remembers how far it has come.
CREATE TABLE alert_sweeps (
    name text CONSTRAINT pk_alert_sweeps PRIMARY KEY,
    after_store_id text COLLATE "C" NOT NULL DEFAULT '',
    due_at timestamptz NOT NULL,
    started_at timestamptz,
    finished_at timestamptz
);
INSERT INTO alert_sweeps (name, due_at) VALUES ('stores', now());
"""

TOLD = """
CREATE TABLE alert_subscriptions (
    subscription_id uuid PRIMARY KEY,
    name text NOT NULL,
    kinds text[] NOT NULL,
    severities text[] NOT NULL,
    store_ids text[],
    told text[] NOT NULL,
    channel text NOT NULL,
    target text NOT NULL,
    secret text,
    language text NOT NULL,
    window_seconds integer NOT NULL,
    quiet_from time,
    quiet_until time,
    time_zone text NOT NULL,
    enabled boolean NOT NULL,
    version integer NOT NULL,
    changed_at timestamptz NOT NULL,
    changed_by text NOT NULL,
    digest_due_at timestamptz
);
CREATE INDEX ix_alert_subscriptions_due ON alert_subscriptions (digest_due_at)
    WHERE digest_due_at IS NOT NULL;

-- Written with the alert, spread over the subscriptions by the worker: whoever raises one does not wait.
CREATE TABLE alert_notices (
    notice_id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT pk_alert_notices PRIMARY KEY,
    alert_id uuid NOT NULL,
    what text COLLATE "C" NOT NULL CHECK (what IN ('raised', 'escalated', 'closed')),
    noticed_at timestamptz NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000);

CREATE TABLE alert_digest_items (
    subscription_id uuid NOT NULL
        CONSTRAINT fk_alert_digest_items_subscription REFERENCES alert_subscriptions ON DELETE CASCADE,
    alert_id uuid NOT NULL,
    what text COLLATE "C" NOT NULL,
    noticed_at timestamptz NOT NULL,
    CONSTRAINT pk_alert_digest_items PRIMARY KEY (subscription_id, alert_id, what)
);
"""


def upgrade() -> None:
    tables.create()
    run_sql(ALERTS)
    run_sql(RULES)
    run_sql(TOLD)
