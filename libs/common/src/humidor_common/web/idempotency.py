"""`Idempotency-Key`: a repeated POST gets the first answer and does nothing twice."""

import hashlib
import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Any, NamedTuple

import msgspec
from fastapi import Depends, Header, Request
from starlette.responses import Response

from humidor_common.auth import Principal
from humidor_common.db import statements
from humidor_common.db.pool import Connection
from humidor_common.db.statements import Statement
from humidor_common.web.authorization import Authenticated
from humidor_common.web.problems import Problem

REPLAYED = {"Idempotency-Replayed": "true"}
KEEP_DAYS = 7
PRUNE_ROWS = 10_000

_LOCK = """
SELECT pg_advisory_xact_lock(hashtextextended(key, 1)) FROM (
    SELECT key FROM unnest($1::text[]) WITH ORDINALITY AS k(key, n) ORDER BY n) keys
"""
# LATERAL ... OFFSET 0: look each one up, whatever is believed of the size of the table.
_RECALL = """
SELECT k.principal, k.key, i.request_hash, i.status, i.response
FROM unnest($1::text[], $2::text[]) AS k(principal, key)
JOIN LATERAL (
    SELECT request_hash, status, response FROM idempotency_keys
    WHERE principal = k.principal AND key = k.key OFFSET 0) i ON true
"""
_KEEP = """
INSERT INTO idempotency_keys (principal, key, request_hash, status, response)
SELECT * FROM unnest($1::text[], $2::text[], $3::bytea[], $4::integer[], $5::bytea[])
"""


def _to_builtins(value: Any) -> Any:
    return value.model_dump(mode="json") if hasattr(value, "model_dump") else str(value)


class Idempotent:
    """The key of one request, bound to its caller and to what was asked."""

    def __init__(self, key: str | None, principal: str, fingerprint: bytes) -> None:
        self.key = key
        self.principal = principal
        self.fingerprint = fingerprint

    async def run(
        self, conn: Connection, work: Callable[[], Awaitable[Any]], *, status: int = 201
    ) -> Response:
        """Do `work` in this transaction, or give the answer it gave before.

        Two requests with one key at the same time wait for each other. Without a key it just works.

        Raises:
            Problem: 422 `idempotency-key-reused` where the key came before with another request.
        """
        if self.key is None:
            return answer(await work(), status).response()
        await statements.run(conn, locking([self]))
        (known,) = await recall(conn, [self])
        if isinstance(known, Problem):
            raise known
        if known is not None:
            return known.response()
        made = answer(await work(), status)
        await statements.run(conn, keeping([(self, made)]))
        return made.response()


class Answer(NamedTuple):
    """What a request is answered with."""

    body: bytes
    status: int
    replayed: bool = False

    def response(self) -> Response:
        headers = REPLAYED if self.replayed else None
        return Response(self.body, status_code=self.status, media_type="application/json", headers=headers)


def answer(content: Any, status: int = 201) -> Answer:
    """Render what a use case gives."""
    return Answer(msgspec.json.encode(content, enc_hook=_to_builtins), status)


def locking(requests: Sequence[Idempotent]) -> Statement:
    """Make the query that lets no other request with one of their keys go on before this transaction ends."""
    return Statement(_LOCK, [sorted(f"{each.principal}\n{each.key}" for each in requests if each.key)])


async def recall(conn: Connection, requests: Sequence[Idempotent]) -> list[Answer | Problem | None]:
    """Find the first answers to locked requests; a problem for a key that came with another request."""
    named = [(each.principal, each.key) for each in requests if each.key is not None]
    rows = await conn.fetch(_RECALL, *map(list, zip(*named, strict=True))) if named else []
    known = {(row[0], row[1]): row for row in rows}
    return [_known(each, known.get((each.principal, each.key or ""))) for each in requests]


def _known(request: Idempotent, row: Any) -> Answer | Problem | None:
    if row is None:
        return None
    if row["request_hash"] != request.fingerprint:
        return Problem(422, "idempotency-key-reused", "This Idempotency-Key came with another request.")
    return Answer(row["response"], row["status"], replayed=True)


def keeping(answers: Sequence[tuple[Idempotent, Answer]]) -> Statement:
    """Make the statement that keeps first answers to requests with keys."""
    rows = [(r.principal, r.key, r.fingerprint, a.status, a.body) for r, a in answers if r.key is not None]
    return Statement(_KEEP, [[row[n] for row in rows] for n in range(5)])


_MAX_CHARACTERS = 200
_PATTERN = r"^[\x21-\x7e]+$"
IdempotencyKey = Annotated[str | None, Header(min_length=1, max_length=_MAX_CHARACTERS, pattern=_PATTERN)]


def is_key(text: str) -> bool:
    """Tell whether the header of a request is one that is taken."""
    return len(text) <= _MAX_CHARACTERS and re.fullmatch(_PATTERN, text) is not None


def idempotent(request: Request, body: bytes, principal: Principal, key: str | None) -> Idempotent:
    asked = request.method.encode() + b"\n" + request.url.path.encode() + b"\n" + body
    return Idempotent(key, f"{principal.kind}:{principal.subject}", hashlib.sha256(asked).digest())


async def _idempotent(
    request: Request, principal: Authenticated, idempotency_key: IdempotencyKey = None
) -> Idempotent:
    return idempotent(request, await request.body(), principal, idempotency_key)


Idempotency = Annotated[Idempotent, Depends(_idempotent)]


async def prune(conn: Connection) -> bool:
    """Forget some keys older than a week; gives whether more may be left."""
    done = await conn.execute(
        "DELETE FROM idempotency_keys WHERE ctid = ANY(ARRAY("
        "SELECT ctid FROM idempotency_keys WHERE created_at < now() - make_interval(days => $1) LIMIT $2))",
        KEEP_DAYS,
        PRUNE_ROWS,
    )
    return done == f"DELETE {PRUNE_ROWS}"
