"""Takes what `inventory` answers about the stock of orders."""

from collections.abc import Sequence

from humidor_common.clock import utc_now
from humidor_common.db.pool import Connection
from humidor_common.events.inventory import StockReserved
from humidor_common.messaging.subscription import Received, Subscription
from humidor_customers.orders.answers import StockAnswer, apply_answers


async def on_stock_answered(conn: Connection, batch: Sequence[Received]) -> None:
    answers = [each.event for each in batch if isinstance(each.event, StockAnswer)]
    if answers:
        await apply_answers(conn, answers, now=utc_now())


SUBSCRIPTION = Subscription("customers.order-stock", (StockReserved.TOPIC,), on_stock_answered)
