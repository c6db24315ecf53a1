"""Starts and cancels runs, and decides about failures."""

from datetime import datetime
from uuid import UUID

from humidor_common import audit
from humidor_common.auth import Principal
from humidor_common.db.pool import Connection
from humidor_common.web.problems import Problem, invalid, not_found
from humidor_customers.connectors.service import get_connector
from humidor_customers.exchange import failures
from humidor_customers.exchange.schemas import FailureView
from humidor_customers.syncs import runs
from humidor_customers.syncs.schemas import Retry, RunInput, RunView


async def start_run(
    conn: Connection, principal: Principal, connector_id: str, given: RunInput, *, now: datetime
) -> RunView:
    """Queue a run for the worker.

    Raises:
        Problem: 404; 409 `connector-disabled`, `run-under-way`, `not-asked` where it is a webhook.
    """
    await _check_asked(conn, connector_id)
    run_id = await runs.start(
        conn, connector_id, principal.subject, dry_run=given.dry_run, complete=given.complete, now=now
    )
    if run_id is None:
        raise Problem(409, "run-under-way", "A run of this connector is under way; wait for it or cancel it.")
    await audit.record(conn, principal, "start", "sync_run", str(run_id), after=given.model_dump())
    return await get_run(conn, run_id)


async def _check_asked(conn: Connection, connector_id: str) -> None:
    connector = await get_connector(conn, connector_id)
    if connector.kind == "webhook":
        raise Problem(409, "not-asked", "A webhook sends by itself; have it send the record again.")
    if not connector.enabled:
        raise Problem(409, "connector-disabled", "The connector is disabled.")


async def get_run(conn: Connection, run_id: UUID) -> RunView:
    found = await runs.read(conn, run_id)
    if found is None:
        raise not_found("run", run_id)
    return found


async def cancel_run(conn: Connection, principal: Principal, run_id: UUID, *, now: datetime) -> RunView:
    """End a run; what it has done stays, and the next one goes on from where the last complete one was.

    Raises:
        Problem: 404; 409 `run-ended`.
    """
    if not await runs.cancel(conn, run_id, now=now):
        state = (await get_run(conn, run_id)).state
        raise Problem(409, "run-ended", f"The run is {state} already.")
    await audit.record(conn, principal, "cancel", "sync_run", str(run_id))
    return await get_run(conn, run_id)


async def retry(
    conn: Connection, principal: Principal, failure_id: UUID, given: Retry, *, now: datetime
) -> FailureView:
    """Try a record again, deciding a conflict; a run is queued unless one is under way.

    Raises:
        Problem: 404; 409 `failure-settled`, `not-asked`; 422 where a conflict is not decided.
    """
    failure = await _lock_open(conn, failure_id)
    await _check_asked(conn, failure.connector_id)
    if (failure.code == failures.CONFLICT) != (given.take is not None):
        raise invalid("take", "decides a conflict: ours or theirs; nothing else needs it")
    await failures.retry(conn, failure_id, given.take, now=now)
    await runs.start(conn, failure.connector_id, principal.subject, dry_run=False, complete=False, now=now)
    await audit.record(
        conn, principal, "retry", "sync_failure", str(failure_id), after=given.model_dump(exclude_none=True)
    )
    return await _lock_open(conn, failure_id)


async def drop(
    conn: Connection, principal: Principal, failure_id: UUID, reason: str, *, now: datetime
) -> FailureView:
    """Give a record up; it comes again when it changes."""
    await _lock_open(conn, failure_id)
    await failures.drop(conn, failure_id, reason, now=now)
    await audit.record(conn, principal, "drop", "sync_failure", str(failure_id), reason=reason)
    found = await failures.lock(conn, failure_id)
    if found is None:
        raise not_found("failure", failure_id)
    return found


async def _lock_open(conn: Connection, failure_id: UUID) -> FailureView:
    found = await failures.lock(conn, failure_id)
    if found is None:
        raise not_found("failure", failure_id)
    if found.state != "open":
        raise Problem(409, "failure-settled", f"This failure is {found.state} already.")
    return found
