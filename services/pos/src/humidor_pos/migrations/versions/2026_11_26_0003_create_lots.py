"""Create what is known of lots, of the codes on their cartons and of the GTINs of units."""

from humidor_common.db.migrate import run_sql

revision = "0003"
down_revision = "0002"

SQL = """
CREATE TABLE lots (
    store_id text NOT NULL,
    gtin text NOT NULL,
    lot text NOT NULL,
    expiry_date date,
    held boolean NOT NULL,
    held_since timestamptz,
    in_stock boolean NOT NULL,
    version integer NOT NULL,
    changed_at timestamptz NOT NULL,
    revision bigint NOT NULL,
    CONSTRAINT pk_lots PRIMARY KEY (store_id, gtin, lot)
);
CREATE INDEX ix_lots_revision ON lots (revision);
CREATE INDEX ix_lots_expiry_date ON lots (expiry_date);

CREATE TABLE carton_lots (
    store_id text NOT NULL,
    code text NOT NULL,
    gtin text NOT NULL,
    lot text NOT NULL,
    received_at timestamptz NOT NULL,
    CONSTRAINT pk_carton_lots PRIMARY KEY (store_id, code)
);

INSERT INTO revisions VALUES ('lots', 0);

ALTER TABLE products ADD COLUMN unit_gtins jsonb NOT NULL DEFAULT '[]';
"""


def upgrade() -> None:
    run_sql(SQL)


def downgrade() -> None:
    run_sql(
        "DROP TABLE lots; DROP TABLE carton_lots; DELETE FROM revisions WHERE name = 'lots';"
        " ALTER TABLE products DROP COLUMN unit_gtins"
    )
