"""What contacts with members leave that is personal: how it is forgotten, and how it is handed out.

Facts under the id (that there was a call, a task) stay; what was said, to which address, every free text, and
the sales on the timeline go.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from humidor_common.db.pool import Connection
from humidor_common.privacy.holdings import counts

_FORGET = """
WITH names AS (
    DELETE FROM channel_handles WHERE party_kind = 'consumer' AND party_id = ANY($1::text[])
    RETURNING party_id),
texts AS (
    DELETE FROM interaction_texts t USING interactions i
    WHERE t.interaction_id = i.interaction_id AND i.party_kind = 'consumer' AND i.party_id = ANY($1)
    RETURNING i.party_id),
outcomes AS (
    UPDATE interactions SET outcome = NULL
    WHERE party_kind = 'consumer' AND party_id = ANY($1) AND outcome IS NOT NULL RETURNING party_id),
told AS (
    UPDATE tasks SET title = NULL, note = NULL, outcome = NULL
    WHERE party_kind = 'consumer' AND party_id = ANY($1)
      AND (title IS NOT NULL OR note IS NOT NULL OR outcome IS NOT NULL) RETURNING party_id),
bought AS (
    DELETE FROM timeline WHERE party_kind = 'consumer' AND party_id = ANY($1)
                           AND kind IN ('sale', 'return', 'void') RETURNING party_id),
-- Answers that are kept for a request that may be repeated.
answers AS (
    DELETE FROM idempotency_keys k USING unnest($1::text[]) m(party_id)
    WHERE position(convert_to('"customer":{"kind":"consumer","id":"' || m.party_id || '"}', 'UTF8')
                   IN k.response) > 0 RETURNING m.party_id)
SELECT party_id, count(*) FROM (TABLE names UNION ALL TABLE texts UNION ALL TABLE outcomes
                                UNION ALL TABLE told UNION ALL TABLE bought
                                UNION ALL TABLE answers) gone GROUP BY party_id
"""
_DISCLOSE = """
SELECT (SELECT coalesce(jsonb_agg(jsonb_build_object('account_id', account_id, 'name', handle,
                                                     'added_at', added_at) ORDER BY account_id, handle), '[]')
        FROM channel_handles WHERE party_kind = 'consumer' AND party_id = $1) AS names,
       (SELECT coalesce(jsonb_agg(jsonb_build_object(
                   'medium', i.medium, 'direction', i.direction, 'purpose', i.purpose, 'state', i.state,
                   'occurred_at', i.occurred_at, 'outcome', i.outcome, 'address', t.address,
                   'subject', t.subject, 'text', t.text, 'template', t.template)
                   ORDER BY interaction_id), '[]')
        FROM interactions i LEFT JOIN interaction_texts t USING (interaction_id)
        WHERE i.party_kind = 'consumer' AND i.party_id = $1) AS interactions,
       (SELECT coalesce(jsonb_agg(jsonb_build_object(
                   'kind', kind, 'title', title, 'note', note, 'due_at', due_at, 'state', state,
                   'outcome', outcome) ORDER BY task_id), '[]')
        FROM tasks WHERE party_kind = 'consumer' AND party_id = $1) AS tasks,
       (SELECT coalesce(jsonb_agg(jsonb_build_object(
                   'kind', kind, 'happened_at', happened_at, 'store_id', store_id, 'details', details)
                   ORDER BY happened_at, entry_id), '[]')
        FROM timeline WHERE party_kind = 'consumer' AND party_id = $1) AS timeline
"""


async def forget(conn: Connection, member_ids: Sequence[str]) -> Mapping[str, int]:
    """Forget all that is personal about locked members; gives of how many things each was rid."""
    return await counts(conn, _FORGET, member_ids)


async def disclose(conn: Connection, member_id: str) -> Mapping[str, Any]:
    """Give all that is kept of contacts with a member: names over channels, messages, tasks, timeline."""
    (row,) = await conn.fetch(_DISCLOSE, member_id)
    return dict(row)
