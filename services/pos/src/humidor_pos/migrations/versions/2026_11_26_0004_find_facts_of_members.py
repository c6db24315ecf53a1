"""Find the sales and returns of a member in every store, and keep what members' rights need.

The index on sales of before began with the store. Put the other way round it serves the list of a store's
sales to a member as well, so a sale costs as much as before.
"""

from humidor_common.db.migrate import run_sql
from humidor_common.privacy import tables as privacy

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    privacy.create_retention()
    privacy.create_answers()
    run_sql("""
        CREATE INDEX ix_sales_member ON sales (member_id, store_id, sold_at) WHERE member_id IS NOT NULL;
        DROP INDEX ix_sales_member_id;
        CREATE INDEX ix_returns_member ON returns (member_id, store_id, returned_at)
            WHERE member_id IS NOT NULL;
    """)


def downgrade() -> None:
    run_sql("""
        CREATE INDEX ix_sales_member_id ON sales (store_id, member_id, sold_at) WHERE member_id IS NOT NULL;
        DROP INDEX ix_sales_member;
        DROP INDEX ix_returns_member;
        DROP TABLE retention_rules, retention_runs, erased_persons, person_exports;
    """)
