"""Find purchases of a store and day by the day first; keep what profiles rest on as it was written."""

from humidor_common.db.migrate import run_sql

revision = "0025"
down_revision = "0024"

# What is written waits while the new index is built; whoever reads has either of them.
DAY = """
CREATE INDEX ix_purchases_day_store ON purchases (local_day, store_id);
DROP INDEX ix_purchases_store_day;
"""
# Nobody looks into them, and most are small numbers, which are longer taken apart. All of them are written
# anew, while whoever reads or writes profiles waits.
DETAILS = "ALTER TABLE profile_details ALTER COLUMN details TYPE json"


def upgrade() -> None:
    run_sql(DAY)
    run_sql(DETAILS)
