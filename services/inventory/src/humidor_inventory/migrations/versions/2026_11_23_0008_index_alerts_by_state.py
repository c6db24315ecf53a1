"""Find the alerts that hold among all that ever did."""

from humidor_common.db.migrate import run_sql

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    run_sql("CREATE INDEX ix_alerts_state ON alerts (state, alert_id)")
