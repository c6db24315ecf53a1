"""What `customers` itself holds of members, and how long: the one place where a slice takes part.

A slice that keeps anything about members adds a `Holding` here, and takes part in export and erasure with it.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from humidor_common.clock import utc_now
from humidor_common.db.pool import Connection
from humidor_common.privacy import Holding
from humidor_common.privacy.holdings import counts
from humidor_customers.answers import holdings as surveys
from humidor_customers.exports import queries as files
from humidor_customers.interactions.holdings import disclose, forget
from humidor_customers.mining import holdings as mining
from humidor_customers.profiles import holdings as profiles
from humidor_customers.purchases import holdings as purchases

_CONSENTS_STAY = (
    "the id and the consents under it, which prove what was allowed (PIPL article 14, GDPR article 7)"
)
_WHO = """
WITH gone AS (DELETE FROM consumer_contacts WHERE member_id = ANY($1::text[]) RETURNING member_id),
     cards AS (UPDATE consumers SET card_number = NULL
               WHERE member_id = ANY($1::text[]) AND card_number IS NOT NULL RETURNING member_id)
SELECT member_id, count(*) FROM (TABLE gone UNION ALL TABLE cards) erased GROUP BY member_id
"""
_MEMBER = """
SELECT to_jsonb(c) - 'version' AS membership,
       (SELECT to_jsonb(p) - 'member_id' FROM consumer_contacts p WHERE p.member_id = c.member_id) AS contact,
       coalesce((SELECT jsonb_agg(to_jsonb(k) - 'member_id' - 'recorded_by' ORDER BY k.consent_id)
                 FROM consents k WHERE k.member_id = c.member_id), '[]') AS consents
FROM consumers c WHERE c.member_id = $1
"""
# Answers are kept for a week so that a request that is repeated gets its own: as many as come in a week.
_ANSWERS = """
WITH gone AS (
    DELETE FROM idempotency_keys k USING unnest($1::text[]) m(member_id)
    WHERE position(convert_to('"member_id":"' || m.member_id || '"', 'UTF8') IN k.response) > 0
    RETURNING m.member_id)
SELECT member_id, count(*) FROM gone GROUP BY member_id
"""
_EXPORTS = """
WITH gone AS (
    UPDATE privacy_answers a SET document = NULL, fetch_due_at = NULL FROM privacy_requests r
    WHERE r.request_id = a.request_id AND r.member_id = ANY($1::text[]) AND a.document IS NOT NULL
    RETURNING r.member_id)
SELECT member_id, count(*) FROM gone GROUP BY member_id
"""
_REQUESTS = """
SELECT coalesce(jsonb_agg(jsonb_build_object('kind', kind, 'state', state, 'received_at', received_at,
                                             'ended_at', ended_at) ORDER BY request_id), '[]')
FROM privacy_requests WHERE member_id = $1
"""


async def _erase_who(conn: Connection, member_ids: Sequence[str]) -> Mapping[str, int]:
    return await counts(conn, _WHO, member_ids)


async def _export_member(conn: Connection, member_id: str) -> Any:
    row = await conn.fetchrow(_MEMBER, member_id)
    return dict(row) if row else None


async def _erase_answers(conn: Connection, member_ids: Sequence[str]) -> Mapping[str, int]:
    return await counts(conn, _ANSWERS, member_ids)


async def _export_nothing(_conn: Connection, _member_id: str) -> Any:
    """Repeat nothing that stands elsewhere in the export."""
    return []


async def _erase_files(conn: Connection, member_ids: Sequence[str]) -> Mapping[str, int]:
    """Forget files of lists with members in them; after `profile`, which waits for those being finished."""
    return dict.fromkeys(member_ids, await files.erase(conn, now=utc_now()))


async def _erase_exports(conn: Connection, member_ids: Sequence[str]) -> Mapping[str, int]:
    return await counts(conn, _EXPORTS, member_ids)


async def _export_requests(conn: Connection, member_id: str) -> Any:
    return await conn.fetchval(_REQUESTS, member_id)


HOLDINGS = (
    Holding("membership", _CONSENTS_STAY, _erase_who, _export_member),
    Holding("survey_answers", "", surveys.forget, surveys.disclose),
    Holding("contacts", "that there were messages and tasks, under the id alone", forget, disclose),
    Holding("profile", "", profiles.forget, profiles.disclose),
    Holding("mined", "patterns of many", mining.forget, mining.disclose),
    Holding("purchases", purchases.STAYS, purchases.forget, purchases.disclose),
    Holding("files", "that there were files, without their content", _erase_files, _export_nothing),
    Holding("kept_answers", "", _erase_answers, _export_nothing),
    Holding("requests", "that they were made, without what was handed out", _erase_exports, _export_requests),
)


async def count_exports(conn: Connection, before: datetime) -> int:
    """Count the gathered documents older than a moment."""
    found: int = await conn.fetchval(
        "SELECT count(*) FROM privacy_answers WHERE document IS NOT NULL AND fetched_at < $1", before
    )
    return found


async def forget_exports(conn: Connection, before: datetime, limit: int) -> int:
    """Forget some of them."""
    done = await conn.execute(
        """UPDATE privacy_answers SET document = NULL WHERE (request_id, service) IN (
               SELECT request_id, service FROM privacy_answers
               WHERE document IS NOT NULL AND fetched_at < $1 ORDER BY fetched_at LIMIT $2)""",
        before,
        limit,
    )
    return int(done.rpartition(" ")[2])
