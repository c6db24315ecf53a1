"""Keep the scores of each model together, so that a segment reads those of its own models alone."""

from humidor_common.db.migrate import run_sql

revision = "0018"
down_revision = "0017"

PARTS = 32
SCORES = """
ALTER TABLE model_scores RENAME TO model_scores_before;
ALTER TABLE model_scores_before RENAME CONSTRAINT pk_model_scores TO pk_model_scores_before;
CREATE TABLE model_scores (
    model_id uuid NOT NULL,
    party_id text COLLATE "C" NOT NULL,
    score double precision,
    label text,
    figures double precision[],
    CONSTRAINT pk_model_scores PRIMARY KEY (model_id, party_id)
) PARTITION BY HASH (model_id);
"""
MOVE = """
INSERT INTO model_scores SELECT * FROM model_scores_before ORDER BY model_id, party_id;
DROP TABLE model_scores_before;
"""


def upgrade() -> None:
    run_sql(SCORES)
    for n in range(PARTS):
        run_sql(
            f"CREATE TABLE model_scores_{n} PARTITION OF model_scores"
            f" FOR VALUES WITH (MODULUS {PARTS}, REMAINDER {n})"
        )
    run_sql(MOVE)
