"""Takes what `forecasting` says that promotions have brought; of two evaluations the later counts."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from humidor_common.db.columns import columns_of
from humidor_common.db.pool import Connection
from humidor_common.events.forecasting import PromotionEvaluated
from humidor_common.messaging.rebuild import Digest, Projection
from humidor_common.messaging.subscription import Poison, Received, Subscription

_TAKE_OVER = """
INSERT INTO campaign_effects (promotion_id, evaluated_at, effect)
SELECT * FROM unnest($1::text[], $2::timestamptz[], $3::jsonb[]) ORDER BY 1
ON CONFLICT (promotion_id) DO UPDATE SET evaluated_at = excluded.evaluated_at, effect = excluded.effect
WHERE campaign_effects.evaluated_at < excluded.evaluated_at
"""


async def on_promotion_evaluated(conn: Connection, batch: Sequence[Received]) -> None:
    newest: dict[str, PromotionEvaluated] = {}
    for each in batch:
        event = each.event
        if isinstance(event, PromotionEvaluated) and (
            event.promotion_id not in newest or newest[event.promotion_id].evaluated_at < event.evaluated_at
        ):
            newest[event.promotion_id] = event
    if newest:
        await conn.execute(_TAKE_OVER, *columns_of([_row(each) for each in newest.values()]))


def _row(event: PromotionEvaluated) -> tuple[str, datetime, Any]:
    """Make the row that is kept.

    Raises:
        Poison: It names nothing that can be kept, or its probability is none.
    """
    document = msgspec.to_builtins(event)
    if not 0 < event.probability < 1:
        raise Poison(f"{event.promotion_id[:100]!r}: is no evaluation")
    if b"\\u0000" in msgspec.json.encode(document):
        raise Poison("a NUL character in the evaluation")
    return event.promotion_id, event.evaluated_at, document


async def clear(conn: Connection) -> None:
    await conn.execute("DELETE FROM campaign_effects")


async def digest(conn: Connection) -> Digest:
    row = await conn.fetchrow(
        """SELECT count(*) AS effects,
                  sum(hashtextextended(concat_ws('|', promotion_id, evaluated_at, effect), 0))::text AS hash
           FROM campaign_effects"""
    )
    return dict(row) if row else {}


SUBSCRIPTION = Subscription("customers.campaigns", (PromotionEvaluated.TOPIC,), on_promotion_evaluated)
PROJECTION = Projection("campaign-effects", SUBSCRIPTION, clear, digest)
