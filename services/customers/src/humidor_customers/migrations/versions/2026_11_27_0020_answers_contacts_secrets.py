"""Take answers of surveys that are told; requests of contact persons about their data; sealed secrets."""

from humidor_common.db.migrate import run_sql

revision = "0020"
down_revision = "0019"

# `told_kind` and `told_id` are under whom an answer came and stands on the timeline, also where it belongs to
# another since (merged) or to nobody yet.
ANSWERS = """
ALTER TABLE survey_responses
    ADD COLUMN source text COLLATE "C" NOT NULL DEFAULT 'file' CHECK (source IN ('file', 'feedback')),
    ADD COLUMN unmatched text COLLATE "C"
        CHECK (unmatched IN ('unknown-customer', 'no-consent', 'membership-ended')),
    ADD COLUMN survey_version bigint,
    ADD COLUMN revision bigint,
    ADD COLUMN channel text COLLATE "C",
    ADD COLUMN store_id text COLLATE "C",
    ADD COLUMN questions jsonb,
    ADD COLUMN told_kind text COLLATE "C" CHECK (told_kind IN ('retailer', 'consumer')),
    ADD COLUMN told_id text COLLATE "C",
    ADD CONSTRAINT ck_survey_responses_told CHECK ((told_kind IS NULL) = (told_id IS NULL));
ALTER TABLE survey_responses ALTER COLUMN source DROP DEFAULT;
UPDATE survey_responses
SET told_kind = CASE WHEN retailer_id IS NULL THEN 'consumer' ELSE 'retailer' END,
    told_id = coalesce(retailer_id, member_id)
WHERE coalesce(retailer_id, member_id) IS NOT NULL;
CREATE INDEX ix_survey_responses_told ON survey_responses (told_id, told_kind) WHERE told_id IS NOT NULL;
CREATE INDEX ix_survey_responses_unmatched ON survey_responses (unmatched, survey, response_id)
    WHERE unmatched IS NOT NULL;
INSERT INTO timeline (party_kind, party_id, happened_at, entry_id, kind, details)
SELECT told_kind, told_id, answered_at, response_key, 'survey',
       jsonb_build_object('survey', survey, 'response_id', response_id,
                          'answers', (SELECT count(*) FROM jsonb_object_keys(answers)))
FROM survey_responses WHERE told_id IS NOT NULL
ON CONFLICT DO NOTHING;
"""

# Who a contact person is stands in `person` until the request has ended. The trail stays append-only, but for
# the transaction that takes a person out of what was written: who did what and when does not change by it.
CONTACTS = """
ALTER TABLE privacy_requests
    ALTER COLUMN member_id DROP NOT NULL,
    ADD COLUMN retailer_id text COLLATE "C",
    ADD COLUMN person jsonb,
    ADD CONSTRAINT ck_privacy_requests_whose CHECK (num_nonnulls(member_id, retailer_id) = 1),
    ADD CONSTRAINT ck_privacy_requests_person CHECK (person IS NULL OR retailer_id IS NOT NULL);
CREATE INDEX ix_privacy_requests_retailer ON privacy_requests (retailer_id, request_id)
    WHERE retailer_id IS NOT NULL;
CREATE INDEX ix_sync_items_of ON sync_items (retailer_id) WHERE retailer_id IS NOT NULL;
CREATE INDEX ix_sync_failures_of ON sync_failures (retailer_id) WHERE retailer_id IS NOT NULL;

DROP TRIGGER audit_trail_append_only ON audit_trail;
CREATE TRIGGER audit_trail_append_only BEFORE UPDATE ON audit_trail FOR EACH STATEMENT
    WHEN (current_setting('humidor.erasure', true) IS DISTINCT FROM 'on') EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_trail_never_less BEFORE DELETE OR TRUNCATE ON audit_trail FOR EACH STATEMENT
    EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_trail_keeps_acts BEFORE UPDATE ON audit_trail FOR EACH ROW
    WHEN ((OLD.id, OLD.at, OLD.actor, OLD.actor_kind, OLD.action, OLD.entity, OLD.entity_id, OLD.trace_id)
          IS DISTINCT FROM
          (NEW.id, NEW.at, NEW.actor, NEW.actor_kind, NEW.action, NEW.entity, NEW.entity_id, NEW.trace_id))
    EXECUTE FUNCTION refuse_change();
"""

# What stands in `secrets` is sealed by the worker as soon as there is a key; until then it is used as it is.
SECRETS = """
ALTER TABLE channel_accounts
    ADD COLUMN sealed_secrets text,
    ADD COLUMN secret_names text[] NOT NULL DEFAULT '{}';
UPDATE channel_accounts SET secret_names = ARRAY(SELECT jsonb_object_keys(secrets) ORDER BY 1);
"""

ORDERS = """
CREATE TABLE orders_not_taken (
    order_id uuid NOT NULL,
    waits text COLLATE "C" NOT NULL CHECK (waits IN ('asked', 'releasing', 'shipping')),
    attempt integer NOT NULL,
    reason text NOT NULL,
    noticed_at timestamptz NOT NULL,
    CONSTRAINT pk_orders_not_taken PRIMARY KEY (order_id, waits)
);
CREATE INDEX ix_orders_waiting ON orders (order_id) WHERE stock IN ('asked', 'releasing', 'shipping');
"""


def upgrade() -> None:
    run_sql(ANSWERS)
    run_sql(CONTACTS)
    run_sql(SECRETS)
    run_sql(ORDERS)
