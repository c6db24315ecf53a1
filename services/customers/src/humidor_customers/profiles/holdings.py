"""What was concluded of members: how it is forgotten, and how it is handed out."""

from collections.abc import Mapping, Sequence
from typing import Any

from humidor_common.db.pool import Connection
from humidor_common.privacy.holdings import counts
from humidor_customers.purchases import queries as purchases

_FORGET = """
WITH profile AS (
    DELETE FROM profiles WHERE party_kind = 'consumer' AND party_id = ANY($1::text[]) RETURNING party_id),
details AS (
    DELETE FROM profile_details WHERE party_kind = 'consumer' AND party_id = ANY($1) RETURNING party_id),
scores AS (
    DELETE FROM model_scores WHERE party_id = ANY($1)
       AND model_id = ANY(ARRAY(SELECT model_id FROM models WHERE party_kind = 'consumer'))
    RETURNING party_id),
segments AS (
    UPDATE segment_chunks c
    SET party_ids = ARRAY(SELECT id FROM unnest(c.party_ids) WITH ORDINALITY u(id, n)
                          WHERE id <> ALL($1) ORDER BY n)
    FROM segments g, unnest($1::text[]) m(member_id)
    WHERE g.segment_id = c.segment_id AND g.party_kind = 'consumer'
      AND m.member_id BETWEEN c.first_id AND c.last_id AND m.member_id = ANY(c.party_ids)
    RETURNING m.member_id AS party_id)
SELECT party_id, count(*) FROM (TABLE profile UNION ALL TABLE details UNION ALL TABLE scores
                                UNION ALL TABLE segments) gone GROUP BY party_id
"""
_DISCLOSE = """
SELECT (SELECT to_jsonb(p) || d.details::jsonb
        FROM profiles p JOIN profile_details d USING (party_kind, party_id)
        WHERE party_kind = 'consumer' AND party_id = $1) AS profile,
       (SELECT coalesce(jsonb_agg(jsonb_build_object(
                   'model', m.model, 'fitted_at', m.fitted_at, 'score', s.score, 'label', s.label,
                   'figures', s.figures)
                                  ORDER BY m.model, m.model_id), '[]')
        FROM model_scores s JOIN models m USING (model_id)
        WHERE m.party_kind = 'consumer' AND s.party_id = $1) AS scores
"""


async def forget(conn: Connection, member_ids: Sequence[str]) -> Mapping[str, int]:
    """Forget profiles, scores and places in segments of members; gives how many things of each."""
    # Before the first row: a computation under way holds rows and would wait for this one's.
    await purchases.own(conn)
    return await counts(conn, _FORGET, member_ids)


async def disclose(conn: Connection, member_id: str) -> Mapping[str, Any]:
    (row,) = await conn.fetch(_DISCLOSE, member_id)
    return dict(row)
