"""Find a customer's orders of a cycle by one index alone, and leave room for what becomes of lines."""

from humidor_common.db.migrate import run_sql

revision = "0016"
down_revision = "0013"

# By the cycle as it is, a plan made while few orders are known may take all orders of the cycle instead.
# Lines are changed twice, when stock is kept back and when it is handed over: in their page if it has room.
ORDERS = """
CREATE INDEX ix_orders_retailer_in_cycle ON orders (retailer_id, (cycle_id::text));
DROP INDEX ix_orders_retailer_cycle;
ALTER TABLE order_lines SET (fillfactor = 75);
"""


def upgrade() -> None:
    run_sql(ORDERS)
