"""Tell whose purchases a batch has changed in one row a batch."""

from humidor_common.db.migrate import run_sql

revision = "0021"
down_revision = "0020"

# Beside `purchase_parties_changed`, which has a row a customer: a batch of thousands writes one row.
TOLD = """
CREATE TABLE purchase_parties_told (
    party_kind text COLLATE "C" NOT NULL,
    party_ids text[] COLLATE "C" NOT NULL
);
-- It is read once and soon, so compressing it does not pay.
ALTER TABLE purchase_parties_told ALTER COLUMN party_ids SET STORAGE EXTERNAL;
"""


def upgrade() -> None:
    run_sql(TOLD)
