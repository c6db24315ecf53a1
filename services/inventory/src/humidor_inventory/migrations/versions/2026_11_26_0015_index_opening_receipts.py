"""Find a store's opening receipts without reading its purchases."""

from humidor_common.db.migrate import run_sql

revision = "0015"
down_revision = "0012"


def upgrade() -> None:
    run_sql("CREATE INDEX ix_receipts_opening ON receipts (store_id, receipt_id) WHERE kind = 'opening'")
