"""Keep what percentage a campaign takes off, and whether it is held at the set price."""

from humidor_common.db.migrate import run_sql

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    run_sql("""
        ALTER TABLE campaigns ADD COLUMN discount_percent double precision,
                              ADD COLUMN keeps_set_price boolean NOT NULL DEFAULT false
    """)


def downgrade() -> None:
    run_sql("ALTER TABLE campaigns DROP COLUMN discount_percent, DROP COLUMN keeps_set_price")
