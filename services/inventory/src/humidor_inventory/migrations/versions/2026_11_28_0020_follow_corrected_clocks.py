"""Remember on which day each entry is counted, and for which stores that has to be looked at again."""

from humidor_common.db.migrate import run_sql

revision = "0020"
down_revision = "0019"

# A document names the day on which it is counted. An entry of the ledger names that on which it was entered;
# where the clock of its store was corrected since, the day is here, for the ledger is never changed.
TABLES = """
CREATE TABLE entry_days (
    store_id text COLLATE "C" NOT NULL,
    entry_id bigint NOT NULL,
    day date NOT NULL,
    CONSTRAINT pk_entry_days PRIMARY KEY (store_id, entry_id)
);
-- Stores whose clock was corrected, and how far what they moved has been gone through: entries of products up
-- to the one, and then the sales before the other.
CREATE TABLE clock_corrections (
    store_id text COLLATE "C" CONSTRAINT pk_clock_corrections PRIMARY KEY,
    after_gtin text COLLATE "C" NOT NULL DEFAULT '',
    from_thread uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000'
);
"""
# What was entered before days were kept is counted by the clock of now.
DAYS = """
UPDATE sale_documents d
SET day = (d.occurred_at AT TIME ZONE
           coalesce((SELECT time_zone FROM stores t WHERE t.store_id = d.store_id), 'UTC'))::date
WHERE day IS NULL;
INSERT INTO entry_days (store_id, entry_id, day)
SELECT e.store_id, e.entry_id, (e.occurred_at AT TIME ZONE coalesce(t.time_zone, 'UTC'))::date
FROM stock_ledger e LEFT JOIN stores t USING (store_id) WHERE e.day IS NULL;
"""
CORRECTED_BEFORE = "INSERT INTO clock_corrections (store_id) SELECT store_id FROM stores WHERE version > 1"


def upgrade() -> None:
    run_sql(TABLES)
    run_sql(DAYS)
    run_sql(CORRECTED_BEFORE)
