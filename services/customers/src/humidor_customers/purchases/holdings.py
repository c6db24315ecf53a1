"""What purchases hold of members: how it is forgotten, and how it is handed out."""

from collections.abc import Mapping, Sequence
from typing import Any

from humidor_common.db.pool import Connection
from humidor_common.privacy.holdings import counts
from humidor_customers.purchases import queries

STAYS = "what was sold, as nobody's"

_FORGET = """
WITH voids AS (
    UPDATE purchase_voids SET party_kind = NULL, party_id = NULL
    WHERE party_kind = 'consumer' AND party_id = ANY($1::text[])),
told AS (
    DELETE FROM purchase_parties_changed WHERE party_kind = 'consumer' AND party_id = ANY($1::text[])),
batches AS (
    UPDATE purchase_parties_told t
    SET party_ids = ARRAY(SELECT id FROM unnest(t.party_ids) id WHERE id <> ALL($1::text[]))
    WHERE party_kind = 'consumer' AND party_ids && $1::text[]),
-- Joined to the members, so that an UPDATE gives whose the documents were.
documents AS (
    UPDATE purchase_documents p SET party_kind = NULL, party_id = NULL FROM unnest($1::text[]) m(member_id)
    WHERE p.party_kind = 'consumer' AND p.party_id = m.member_id RETURNING m.member_id, p.figures, p.gtins)
SELECT member_id, count(*) FROM documents, purchase_lines(figures, gtins) GROUP BY member_id
"""
_DISCLOSE = """
SELECT coalesce(jsonb_agg(jsonb_build_object(
           'bought_at', bought_at, 'kind', kind, 'store_id', store_id, 'gtin', gtin, 'quantity', quantity,
           'unit', unit, 'net_minor', net_minor, 'currency', currency)
           ORDER BY bought_at, document_id, line), '[]')
FROM purchases WHERE party_kind = 'consumer' AND party_id = $1
"""


async def forget(conn: Connection, member_ids: Sequence[str]) -> Mapping[str, int]:
    """Take members off what they bought; gives of how many lines each. Batches under way are waited for."""
    await queries.own(conn)
    return await counts(conn, _FORGET, member_ids)


async def disclose(conn: Connection, member_id: str) -> Any:
    return await conn.fetchval(_DISCLOSE, member_id)
