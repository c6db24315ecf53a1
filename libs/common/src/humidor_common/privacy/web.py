"""Retention rules over HTTP, and the parts of exports for whoever has their key."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, Field

from humidor_common.auth import Principal
from humidor_common.auth.machine_keys import fits
from humidor_common.clock import utc_now
from humidor_common.db.pool import Connection
from humidor_common.db.transaction import Read, Tx
from humidor_common.privacy import retention
from humidor_common.privacy.holdings import Privacy
from humidor_common.web.authorization import Credentials, require
from humidor_common.web.inputs import IfMatch, Input, Note, tag
from humidor_common.web.pagination import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, encode_cursor
from humidor_common.web.problems import not_found

_LAST = UUID(int=2**128 - 1)


class RuleInput(Input):
    """How long what a purpose needs is kept, counted in days; null keeps it for ever."""

    keep_days: Annotated[int, Field(ge=1, le=36_500)] | None
    reason: Note


class RuleView(BaseModel):
    """A rule as it holds; version 0 is the default."""

    purpose: str
    keeps: str
    keep_days: int | None
    version: int
    changed_at: datetime | None
    changed_by: str | None


class RunInput(Input):
    """A dry run says what the rules would do away with, and does nothing."""

    dry_run: bool = True


class OutcomeView(BaseModel):
    """What one rule did, or in a dry run would do; `rows` were older than `before`."""

    purpose: str
    keep_days: int
    before: datetime
    rows: int


class RunView(BaseModel):
    """A run; without `done_at` the worker has not finished it."""

    run_id: UUID
    dry_run: bool
    requested_at: datetime
    requested_by: str
    done_at: datetime | None
    outcomes: list[OutcomeView]


class Rules(BaseModel):
    """The rule of every purpose."""

    items: list[RuleView]


def make_router(privacy: Privacy) -> APIRouter:
    """Make the routes of one service; its `admin` scope in every store sets rules."""
    router = APIRouter(tags=["privacy"])

    async def authorize(
        principal: Annotated[Principal, Depends(require(f"{privacy.service}:admin"))],
    ) -> Principal:
        principal.check_every_store()
        return principal

    admin = Annotated[Principal, Depends(authorize)]

    @router.get("/v1/retention-rules")
    async def list_rules(conn: Read, _: admin) -> Rules:
        """Read how long personal data is kept for which purpose."""
        found = await retention.read_rules(conn, privacy.purposes)
        return Rules(items=[_view(rule) for rule in found])

    @router.put("/v1/retention-rules/{purpose}")
    async def put_rule(
        conn: Tx,
        principal: admin,
        purpose: str,
        rule: RuleInput,
        response: Response,
        if_match: IfMatch = None,
    ) -> RuleView:
        """Set how long something is kept; try it out first with a dry run."""
        found = retention.purpose_of(privacy.purposes, purpose)
        made = await retention.set_rule(
            conn, principal, found, rule.keep_days, reason=rule.reason, if_match=if_match, now=utc_now()
        )
        tag(response, made.version)
        return _view(made)

    @router.post("/v1/retention-runs", status_code=201)
    async def post_run(conn: Tx, principal: admin, run: RunInput) -> RunView:
        """Try the rules out, or have the worker go by them now instead of at its daily hour."""
        run_id = await retention.ask_for_run(
            conn, privacy.purposes, principal.subject, dry_run=run.dry_run, now=utc_now()
        )
        return (await _runs(conn, before=_LAST, limit=1, run_id=run_id))[0]

    @router.get("/v1/retention-runs")
    async def list_runs(
        conn: Read, _: admin, cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT
    ) -> Page[RunView]:
        """Read the runs, the newest first."""
        before = decode_cursor(cursor, UUID)[0] if cursor else _LAST
        found = await _runs(conn, before=before, limit=limit + 1)
        more = len(found) > limit
        return Page(items=found[:limit], next_cursor=encode_cursor(found[limit - 1].run_id) if more else None)

    if privacy.exported is not None:
        _add_exports(router)
    return router


def _add_exports(router: APIRouter) -> None:
    @router.get("/v1/person-exports/{request_id}", response_class=Response)
    async def get_export(conn: Read, request_id: UUID, credentials: Credentials) -> Response:
        """Fetch what was gathered of a person, with the key of the request; nobody else learns of it."""
        key = credentials.credentials if credentials else ""
        row = await conn.fetchrow(
            "SELECT key_hash, document, expires_at FROM person_exports WHERE request_id = $1", request_id
        )
        if row is None or not fits(key, row["key_hash"]) or row["expires_at"] <= utc_now():
            raise not_found("export", request_id)
        return Response(row["document"], media_type="application/json", headers={"Cache-Control": "no-store"})

    @router.delete("/v1/person-exports/{request_id}", status_code=204)
    async def delete_export(conn: Tx, request_id: UUID, credentials: Credentials) -> None:
        """Forget what was gathered, once it has been fetched."""
        key = credentials.credentials if credentials else ""
        row = await conn.fetchrow("SELECT key_hash FROM person_exports WHERE request_id = $1", request_id)
        if row is not None and fits(key, row["key_hash"]):
            await conn.execute("DELETE FROM person_exports WHERE request_id = $1", request_id)


async def _runs(conn: Connection, *, before: UUID, limit: int, run_id: UUID | None = None) -> list[RunView]:
    rows = await conn.fetch(
        """SELECT * FROM retention_runs WHERE run_id < $1 AND ($3::uuid IS NULL OR run_id = $3)
           ORDER BY run_id DESC LIMIT $2""",
        before,
        limit,
        run_id,
    )
    return [RunView(**row) for row in rows]


def _view(rule: retention.Rule) -> RuleView:
    return RuleView(**{name: getattr(rule, name) for name in RuleView.model_fields})
