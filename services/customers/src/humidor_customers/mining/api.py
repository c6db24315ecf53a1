"""Mining, over HTTP: starts runs, which are jobs, and gives what each kind of them found."""

from typing import Annotated, Any, TypeVar
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, StringConstraints
from starlette.responses import Response

from humidor_common.auth import Principal
from humidor_common.clock import utc_now
from humidor_common.db.pool import Connection
from humidor_common.db.transaction import Read, Tx
from humidor_common.web.idempotency import Idempotency
from humidor_common.web.inputs import PRINTABLE
from humidor_common.web.pagination import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, encode_cursor
from humidor_customers.inputs import Reader, Writer
from humidor_customers.jobs.schemas import JobView
from humidor_customers.mining import service
from humidor_customers.mining.schemas import (
    AffinityRow,
    CohortRow,
    Kind,
    RecommendationRow,
    RuleItemRow,
    RuleRow,
    RunInput,
    SequenceItemRow,
    SequenceRow,
    SwitchRow,
)

router = APIRouter(prefix="/v1/mining", tags=["mining"])

M = TypeVar("M", bound=BaseModel)
CustomerId = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=PRINTABLE)]


@router.post("/runs", status_code=202, response_model=JobView)
async def post_run(conn: Tx, principal: Writer, run: RunInput, idempotency: Idempotency) -> Response:
    """Have something mined; the worker does it, and `/v1/jobs/{job_id}` says how far it is."""
    principal.check_every_store()
    return await idempotency.run(
        conn, lambda: service.start_run(conn, principal, run, now=utc_now()), status=202
    )


class _Asked:
    """Which page of what a run found."""

    def __init__(
        self, conn: Connection, principal: Principal, run_id: UUID, page: tuple[str | None, int]
    ) -> None:
        principal.check_every_store()
        self._conn, self._run_id = conn, run_id
        self._cursor, self._limit = page

    async def read(self, kind: Kind, model: type[M], customer_id: str | None = None) -> Page[M]:
        after = decode_cursor(self._cursor, int)[0] if self._cursor else -1
        if not -1 <= after < 2**31:
            after = 2**31 - 1
        found: list[tuple[int, dict[str, Any]]] = await service.read_rows(
            self._conn,
            (self._run_id, kind),
            customer_id=customer_id,
            after=after,
            limit=self._limit + 1,
        )
        page = found[: self._limit]
        more = encode_cursor(page[-1][0]) if len(found) > self._limit else None
        items = [model.model_validate({"place": place} | row) for place, row in page]
        return Page(items=items, next_cursor=more)

    async def read_items(self, kind: Kind, model: type[M], first: tuple[int, Any, int]) -> Page[M]:
        """Read items after `first`, whose middle is what the kind orders the items of a row by."""
        after = decode_cursor(self._cursor, int, type(first[1]), int) if self._cursor else first
        if not all(-1 <= each < 2**31 for each in after if isinstance(each, int)):
            after = (2**31 - 1, *first[1:])
        run = self._run_id, kind
        found = await service.read_items(self._conn, run, after=after, limit=self._limit + 1)
        page = found[: self._limit]
        more = encode_cursor(*list(page[-1].values())[:3]) if len(found) > self._limit else None
        return Page(items=[model.model_validate(row) for row in page], next_cursor=more)


@router.get("/runs/{run_id}/rules")
async def list_rules(
    conn: Read, principal: Reader, run_id: UUID, cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT
) -> Page[RuleRow]:
    """Read association rules, the best lift first."""
    return await _Asked(conn, principal, run_id, (cursor, limit)).read("associations", RuleRow)


@router.get("/runs/{run_id}/rule-items")
async def list_rule_items(
    conn: Read, principal: Reader, run_id: UUID, cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT
) -> Page[RuleItemRow]:
    """Read the items of rules, a row for each."""
    asked = _Asked(conn, principal, run_id, (cursor, limit))
    return await asked.read_items("associations", RuleItemRow, (-1, "", 0))


@router.get("/runs/{run_id}/sequences")
async def list_sequences(
    conn: Read, principal: Reader, run_id: UUID, cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT
) -> Page[SequenceRow]:
    """Read what customers bought after what, the most frequent first."""
    return await _Asked(conn, principal, run_id, (cursor, limit)).read("sequences", SequenceRow)


@router.get("/runs/{run_id}/sequence-items")
async def list_sequence_items(
    conn: Read, principal: Reader, run_id: UUID, cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT
) -> Page[SequenceItemRow]:
    """Read the items of each step of patterns, a row for each."""
    asked = _Asked(conn, principal, run_id, (cursor, limit))
    return await asked.read_items("sequences", SequenceItemRow, (-1, 0, 0))


@router.get("/runs/{run_id}/switches")
async def list_switches(
    conn: Read, principal: Reader, run_id: UUID, cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT
) -> Page[SwitchRow]:
    """Read the brand-switching matrix, a row for each of its cells that is not empty."""
    return await _Asked(conn, principal, run_id, (cursor, limit)).read("switching", SwitchRow)


@router.get("/runs/{run_id}/affinities")
async def list_affinities(
    conn: Read, principal: Reader, run_id: UUID, cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT
) -> Page[AffinityRow]:
    """Read who buys what at which time, the surest first."""
    return await _Asked(conn, principal, run_id, (cursor, limit)).read("affinities", AffinityRow)


@router.get("/runs/{run_id}/cohorts")
async def list_cohorts(
    conn: Read, principal: Reader, run_id: UUID, cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT
) -> Page[CohortRow]:
    """Read the retention of each cohort, period by period."""
    return await _Asked(conn, principal, run_id, (cursor, limit)).read("cohorts", CohortRow)


@router.get("/runs/{run_id}/recommendations")
async def list_recommendations(
    conn: Read,
    principal: Reader,
    run_id: UUID,
    customer_id: Annotated[CustomerId | None, Query()] = None,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Page[RecommendationRow]:
    """Read what customers may buy next, of all or of one of them."""
    asked = _Asked(conn, principal, run_id, (cursor, limit))
    return await asked.read("recommendations", RecommendationRow, customer_id)
