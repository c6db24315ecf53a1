"""Create what jobs of data mining found."""

from humidor_common.db.migrate import run_sql

revision = "0013"
down_revision = "0011"

MINING = """
CREATE TABLE mining_rows (
    run_id uuid NOT NULL CONSTRAINT fk_mining_rows_run REFERENCES jobs ON DELETE CASCADE,
    place integer NOT NULL,
    found jsonb NOT NULL,
    CONSTRAINT pk_mining_rows PRIMARY KEY (run_id, place)
);
CREATE INDEX ix_mining_rows_customer ON mining_rows ((found->>'customer_id'), run_id, place)
    WHERE found ? 'customer_id';
"""


def upgrade() -> None:
    run_sql(MINING)
