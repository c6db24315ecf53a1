"""Takes answers of surveys from `feedback`, and news of the customers whom they may be of."""

from collections.abc import Sequence

from humidor_common.clock import utc_now
from humidor_common.db.pool import Connection
from humidor_common.events.customers import ConsumerJoined, RetailerChanged
from humidor_common.events.feedback import SurveyAnswered
from humidor_common.messaging.rebuild import Digest, Projection
from humidor_common.messaging.subscription import Received, Subscription
from humidor_customers.answers.receiving import settle, take
from humidor_customers.inputs import Party


async def on_answers(conn: Connection, batch: Sequence[Received]) -> None:
    events = [each.event for each in batch]
    answered = [each for each in events if isinstance(each, SurveyAnswered)]
    if answered:
        await take(conn, answered, now=utc_now())
    changed = {Party("retailer", each.retailer_id) for each in events if isinstance(each, RetailerChanged)}
    changed |= {Party("consumer", each.member_id) for each in events if isinstance(each, ConsumerJoined)}
    if changed:
        await settle(conn, changed)


async def clear(conn: Connection) -> None:
    """Forget what `feedback` told; answers out of files stay."""
    await conn.execute("""
        DELETE FROM timeline t USING survey_responses s
        WHERE s.source = 'feedback' AND t.party_kind = s.told_kind AND t.party_id = s.told_id
          AND t.happened_at = s.answered_at AND t.entry_id = s.response_key""")
    await conn.execute("DELETE FROM survey_responses WHERE source = 'feedback'")


async def digest(conn: Connection) -> Digest:
    row = await conn.fetchrow("""
        SELECT count(*) AS responses,
               sum(hashtextextended(concat_ws('|', survey, response_id, revision, retailer_id, member_id,
                   unmatched, extract(epoch FROM answered_at), survey_version, channel, store_id, answers,
                   questions), 0))::text AS hash
        FROM survey_responses WHERE source = 'feedback'""")
    return dict(row) if row else {}


SUBSCRIPTION = Subscription(
    "customers.answers",
    (SurveyAnswered.TOPIC, ConsumerJoined.TOPIC, RetailerChanged.TOPIC),
    on_answers,
    max_batch=200,
)
PROJECTION = Projection("survey-answers", SUBSCRIPTION, clear, digest)
