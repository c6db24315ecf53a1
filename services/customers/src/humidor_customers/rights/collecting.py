"""Fetches what services have gathered for exports, with the key that only they and this service can check."""

import hashlib
import random
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import httpx

from humidor_common.clock import utc_now
from humidor_common.db.keeping import keep
from humidor_common.db.pool import Pool
from humidor_common.db.transaction import transaction
from humidor_common.delivery.retries import delay
from humidor_common.telemetry.logs import get_logger
from humidor_customers.rights import ledger, own_part, queries
from humidor_customers.rights.service import close_if_done

EVERY_SECONDS = 2
FIRST_RETRY_SECONDS = 5.0
FETCH_SECONDS = 60.0

_DUE = """
SELECT a.request_id, a.service, a.answer, a.fetch_tries, r.fetch_key
FROM privacy_answers a JOIN privacy_requests r USING (request_id)
WHERE a.fetch_due_at <= $1 AND r.state = 'running' ORDER BY a.fetch_due_at LIMIT 1
"""
_LATER = """
UPDATE privacy_answers SET fetch_tries = fetch_tries + 1, fetch_due_at = $3
WHERE request_id = $1 AND service = $2 AND fetch_due_at IS NOT NULL
"""

log = get_logger(__name__)


class NotFetched(Exception):  # noqa: N818 - says what has happened
    """A part could not be fetched now; the text says why and holds nothing of it."""


async def keep_collecting(pool: Pool, upstreams: Mapping[str, str]) -> None:
    """Work until cancelled; what fails is fetched again, ever less often."""
    timeout = httpx.Timeout(FETCH_SECONDS)
    async with httpx.AsyncClient(timeout=timeout, trust_env=False, follow_redirects=False) as client:

        async def look() -> bool:
            return await collect_due(pool, client, upstreams, now=utc_now())

        await keep(look, "no part of an export fetched", every_seconds=EVERY_SECONDS)


async def collect_due(
    pool: Pool, client: httpx.AsyncClient, upstreams: Mapping[str, str], *, now: datetime
) -> bool:
    """Fetch one part that is due; gives whether there was any.

    Two workers may fetch the same: the second finds it there. The service forgets its copy after the commit.
    """
    async with pool.acquire() as conn:
        part = await conn.fetchrow(_DUE, now)
    if part is None:
        return False
    try:
        url = _url(part, upstreams)
        document = await _fetch(client, url, part)
    except NotFetched as error:
        await _try_later(pool, part, str(error), now)
        return True
    await _keep(pool, part, document, now)
    try:
        await client.delete(url, headers=_headers(part))
    except httpx.HTTPError as error:
        # It goes by itself when its time is over.
        log.warning("a fetched part stays for now", extra={"service": part["service"], "error": repr(error)})
    return True


async def _fetch(client: httpx.AsyncClient, url: str, part: Any) -> bytes:
    answer = part["answer"]
    try:
        response = await client.get(url, headers=_headers(part))
    except httpx.HTTPError as error:
        raise NotFetched(repr(error)) from error
    if response.status_code != httpx.codes.OK:
        raise NotFetched(f"HTTP {response.status_code}")
    if hashlib.sha256(response.content).hexdigest() != answer["sha256"]:
        raise NotFetched("the digest is another than was told")
    return response.content


async def _keep(pool: Pool, part: Any, document: bytes, now: datetime) -> None:
    async with transaction(pool) as conn:
        row = await queries.lock(conn, part["request_id"])
        known = await queries.answer_of(conn, part["request_id"], part["service"])
        if row["state"] != "running" or known["fetched_at"] is not None:
            return
        await queries.note_document(conn, part["request_id"], part["service"], document, now)
        facts = {name: part["answer"][name] for name in ("sha256", "size_bytes")}
        facts["service"] = part["service"]
        await ledger.append(conn, part["request_id"], "gathered", now, facts)
        view = await queries.read(conn, part["request_id"], None)
        if view is not None:
            await close_if_done(conn, view, now=now)


async def _try_later(pool: Pool, part: Any, why: str, now: datetime) -> None:
    """Try again later; what has run out over there is asked for again."""
    told = {"request_id": part["request_id"], "service": part["service"], "why": why}
    log.warning("a part of an export could not be fetched", extra=told)
    wait = delay(
        part["fetch_tries"] + 1,
        first_seconds=FIRST_RETRY_SECONDS,
        chance=random.random(),  # noqa: S311 - spreads retries, guards nothing
        asked_seconds=None,
    )
    async with transaction(pool) as conn:
        await conn.execute(_LATER, part["request_id"], part["service"], now + wait)
        if why == "HTTP 404":
            view = await queries.read(conn, part["request_id"], None)
            if view is not None and view.state == "running":
                await own_part.ask(conn, view, part["fetch_key"], now=now)


def _url(part: Any, upstreams: Mapping[str, str]) -> str:
    base, reference = upstreams.get(part["service"]), str(part["answer"]["reference"])
    if base is None:
        raise NotFetched("HUMIDOR_UPSTREAMS does not name the service")
    if not reference.startswith("/v1/"):
        raise NotFetched("the reference is not a path of the service")
    return base + reference


def _headers(part: Any) -> dict[str, str]:
    return {"Authorization": f"Bearer {part['fetch_key']}"}
