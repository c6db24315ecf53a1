"""Take answers of surveys that are told; put answers on timelines."""

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


def upgrade() -> None:
    run_sql(ANSWERS)
