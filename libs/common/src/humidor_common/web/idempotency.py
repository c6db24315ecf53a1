"""`Idempotency-Key`: a repeated POST gets the first answer and does nothing twice."""

import hashlib
from collections.abc import Awaitable, Callable
from typing import Annotated, Any

import msgspec
from fastapi import Depends, Header, Request
from starlette.responses import Response

from humidor_common.auth import Authenticated
from humidor_common.db.pool import Connection
from humidor_common.web.problems import Problem

REPLAYED = {"Idempotency-Replayed": "true"}
KEEP_DAYS = 7
PRUNE_ROWS = 10_000


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
            return _answer(msgspec.json.encode(await work(), enc_hook=_to_builtins), status)
        await conn.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended($1, 1))", f"{self.principal}\n{self.key}"
        )
        row = await conn.fetchrow(
            "SELECT request_hash, status, response FROM idempotency_keys WHERE principal = $1 AND key = $2",
            self.principal,
            self.key,
        )
        if row is None:
            return await self._first(conn, work, status)
        if row["request_hash"] != self.fingerprint:
            raise Problem(422, "idempotency-key-reused", "This Idempotency-Key came with another request.")
        return _answer(row["response"], row["status"], REPLAYED)

    async def _first(self, conn: Connection, work: Callable[[], Awaitable[Any]], status: int) -> Response:
        body = msgspec.json.encode(await work(), enc_hook=_to_builtins)
        await conn.execute(
            "INSERT INTO idempotency_keys (principal, key, request_hash, status, response) "
            "VALUES ($1, $2, $3, $4, $5)",
            self.principal,
            self.key,
            self.fingerprint,
            status,
            body,
        )
        return _answer(body, status)


def _answer(body: bytes, status: int, headers: dict[str, str] | None = None) -> Response:
    return Response(body, status_code=status, media_type="application/json", headers=headers)


IdempotencyKey = Annotated[str | None, Header(min_length=1, max_length=200, pattern=r"^[\x21-\x7e]+$")]


async def _idempotent(
    request: Request, principal: Authenticated, idempotency_key: IdempotencyKey = None
) -> Idempotent:
    asked = request.method.encode() + b"\n" + request.url.path.encode() + b"\n" + await request.body()
    return Idempotent(
        idempotency_key, f"{principal.kind}:{principal.subject}", hashlib.sha256(asked).digest()
    )


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
