"""Find purchases of a store and day by the day first, so that what is sold now is entered in one place."""

from humidor_common.db.migrate import run_sql

revision = "0025"
down_revision = "0024"

# What is written waits for the new index, a second a million lines; whoever reads has either of them.
DAY = """
CREATE INDEX ix_purchases_day_store ON purchases (local_day, store_id);
DROP INDEX ix_purchases_store_day;
"""


def upgrade() -> None:
    run_sql(DAY)
