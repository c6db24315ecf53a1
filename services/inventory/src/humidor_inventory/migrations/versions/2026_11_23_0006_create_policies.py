"""Create the policies by which levels are set."""

from humidor_common.db.migrate import run_sql

revision = "0006"
down_revision = "0005"

SQL = """
-- `parameters` as the caller gave them, `answer` as they led to the level that was set, with every figure.
CREATE TABLE policies (
    store_id text COLLATE "C" NOT NULL,
    gtin text COLLATE "C" NOT NULL CONSTRAINT fk_policies_product REFERENCES products,
    parameters jsonb NOT NULL,
    answer jsonb NOT NULL,
    version integer NOT NULL,
    changed_at timestamptz NOT NULL,
    calculated_at timestamptz NOT NULL,
    CONSTRAINT pk_policies PRIMARY KEY (store_id, gtin)
);
CREATE INDEX ix_policies_gtin ON policies (gtin, store_id);
"""


def upgrade() -> None:
    run_sql(SQL)
