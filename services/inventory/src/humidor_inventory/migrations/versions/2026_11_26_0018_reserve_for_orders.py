"""Let reservations belong to orders of trade customers, and remember what became of each order's stock."""

from humidor_common.db.migrate import run_sql

revision = "0018"
down_revision = "0016"


def upgrade() -> None:
    run_sql("""
        ALTER TABLE reservations ADD COLUMN order_id uuid;
        CREATE INDEX ix_reservations_order ON reservations (order_id)
            WHERE order_id IS NOT NULL;

        CREATE TABLE order_stock (
            order_id uuid CONSTRAINT pk_order_stock PRIMARY KEY,
            attempt integer NOT NULL,
            state text NOT NULL CHECK (state IN ('reserved', 'refused', 'released', 'shipped')),
            decided_at timestamptz NOT NULL
        );
    """)
