"""Find purchases of a customer by the id alone, which every line pays for."""

from humidor_common.db.migrate import run_sql

revision = "0024"
down_revision = "0023"

# Ids that come again are stored once a page; the kind is nearly always the one asked for, and partitions
# are quarters, so neither it nor the time in the key would save what they cost.
PARTY = """
DROP INDEX ix_purchases_party;
CREATE INDEX ix_purchases_party ON purchases (party_id) WHERE party_id IS NOT NULL;
"""


def upgrade() -> None:
    run_sql(PARTY)
