"""What answers of surveys hold of members: how it is forgotten, and how it is handed out."""

from collections.abc import Mapping, Sequence
from typing import Any

from humidor_common.db.pool import Connection
from humidor_common.privacy.holdings import counts
from humidor_customers.answers import queries

_FORGET = """
WITH gone AS (
    DELETE FROM survey_responses s USING unnest($1::text[]) m(id)
    WHERE s.member_id = m.id OR s.told_kind = 'consumer' AND s.told_id = m.id RETURNING m.id),
entries AS (
    DELETE FROM timeline WHERE party_kind = 'consumer' AND party_id = ANY($1::text[]) AND kind = 'survey')
SELECT id, count(*) FROM gone GROUP BY id
"""
_DISCLOSE = """
SELECT coalesce(jsonb_agg(jsonb_build_object(
           'survey', survey, 'version', survey_version, 'answered_at', answered_at, 'channel', channel,
           'store_id', store_id, 'answers', answers) ORDER BY answered_at), '[]')
FROM survey_responses WHERE member_id = $1
"""


async def forget(conn: Connection, member_ids: Sequence[str]) -> Mapping[str, int]:
    """Forget what members answered, with the entries on their timelines; gives of how many surveys.

    Batches under way are waited for.
    """
    await queries.own(conn)
    return await counts(conn, _FORGET, member_ids)


async def disclose(conn: Connection, member_id: str) -> Any:
    return await conn.fetchval(_DISCLOSE, member_id)
