"""Find the facts that came before their sale by when they were raised."""

from humidor_common.db.migrate import run_sql

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    run_sql("""
        CREATE INDEX ix_exceptions_sale_unknown ON exceptions (raised_at)
         WHERE state = 'open' AND code = 'sale_unknown'
    """)


def downgrade() -> None:
    run_sql("DROP INDEX ix_exceptions_sale_unknown")
