"""The steps of a run: each asks the other side for something, then writes it with how far the run is."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import NamedTuple, TypeAlias

from humidor_common.db.pool import Connection, Pool
from humidor_common.db.transaction import transaction
from humidor_customers.crm.remote import Cursor, Remote, RemoteRecord
from humidor_customers.exchange import failures, removing, sending
from humidor_customers.exchange import links as linking
from humidor_customers.exchange.reporting import report_taken
from humidor_customers.exchange.rules import newest_of_each
from humidor_customers.exchange.taking import take_records
from humidor_customers.exchange.work import Work
from humidor_customers.retailers import queries as retailers
from humidor_customers.retailers.queries import Document
from humidor_customers.syncs import runs
from humidor_customers.syncs.rules import Phase, following
from humidor_customers.syncs.runs import Run

_RETRIED = 100
_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)


class Job(NamedTuple):
    """A run with what its steps need."""

    pool: Pool
    work: Work
    remote: Remote
    run: Run
    clock: Callable[[], datetime]


Step: TypeAlias = Callable[[Job], Awaitable[bool]]


async def advance(job: Job) -> bool:
    """Make one step; gives whether the run goes on.

    Raises:
        RemoteError: The other side failed; nothing of the step is written. LeaseLost.
    """
    run = job.run
    if await _STEPS[run.phase](job):
        return True
    phase = following(run.phase, dry_run=run.dry_run)
    async with _writing(job) as conn:
        if phase is None:
            if not run.dry_run:
                await runs.finish(conn, run, job.work.connector.version)
            await runs.forget_old(conn, run.connector_id, now=job.clock())
            return False
        run.phase, run.cursor = phase, None
    return True


@asynccontextmanager
async def _writing(job: Job) -> AsyncIterator[Connection]:
    """Write a step: nobody else has the run, and how far it is comes with it."""
    async with transaction(job.pool) as conn:
        await runs.hold(conn, job.run)
        yield conn
        await runs.save_progress(conn, job.run, now=job.clock())


async def _retry(job: Job) -> bool:
    """Try again what failed and is due, there and here."""
    run, now = job.run, job.clock()
    async with transaction(job.pool) as conn:
        taken = await failures.due(conn, run.connector_id, "in", by=now, limit=_RETRIED)
        sent = await failures.due(conn, run.connector_id, "out", by=now, limit=job.remote.written_at_once)
        documents = list((await retailers.read(conn, [each.subject for each in sent])).values())
    if taken:
        await _retry_taking(job, {each.subject: each.decision for each in taken})
    if sent:
        await _send(job, documents)
    return bool(taken or sent)


async def _retry_taking(job: Job, due: dict[str, str | None]) -> None:
    records = await job.remote.get(list(due))
    there = {each.remote_id for each in records if not each.gone}
    async with _writing(job) as conn:
        now = job.clock()
        present = [each for each in newest_of_each(records) if not each.gone]
        plans = await take_records(conn, job.work, present, now=now, decisions=due)
        await report_taken(conn, job.run, plans, now=now)
        await failures.solve(conn, job.run.connector_id, "in", set(due) - there)


async def _pull(job: Job) -> bool:
    run = job.run
    page = await job.remote.changed(run.since, run.cursor)
    records = newest_of_each(page.records)
    present = [each for each in records if not each.gone]
    run.count(unreadable=page.unreadable, repeated=len(page.records) - len(records))
    async with _writing(job) as conn:
        await _take(conn, job, present)
        await _remove(conn, job, [each for each in records if each.gone])
        run.remote_time = run.remote_time or page.server_time
        run.cursor = page.cursor
    return page.cursor is not None


@asynccontextmanager
async def _tentative(conn: Connection, *, dry_run: bool) -> AsyncIterator[None]:
    """Take back what the block writes where it is a dry run."""
    savepoint = conn.transaction()
    await savepoint.start()
    try:
        yield
    except BaseException:
        await savepoint.rollback()
        raise
    await (savepoint.rollback() if dry_run else savepoint.commit())


async def _take(conn: Connection, job: Job, records: Sequence[RemoteRecord]) -> None:
    """Take records over; of a dry run only the report stays."""
    now = job.clock()
    async with _tentative(conn, dry_run=job.run.dry_run):
        plans = await take_records(conn, job.work, records, now=now)
    await report_taken(conn, job.run, plans, now=now)


async def _remove(conn: Connection, job: Job, records: Sequence[RemoteRecord]) -> None:
    run, ids = job.run, [each.remote_id for each in records]
    if not ids:
        return
    async with _tentative(conn, dry_run=run.dry_run):
        gone = await removing.remove(conn, job.work, run, ids, now=job.clock())
    run.items += [removing.planned(each) for each in gone] if run.dry_run else []
    run.count(gone=len(gone))


async def _pull_deletions(job: Job) -> bool:
    page = await job.remote.deleted(job.run.since, job.run.cursor)
    async with _writing(job) as conn:
        await _remove(conn, job, page.records)
        job.run.cursor = page.cursor
    return page.cursor is not None


async def _send_owed(job: Job) -> bool:
    async with transaction(job.pool) as conn:
        ids = await linking.owed(conn, job.run.connector_id, job.remote.written_at_once)
        documents = list((await retailers.read(conn, ids)).values())
    if ids:
        await _send(job, documents)
    return bool(ids)


async def _push(job: Job) -> bool:
    run = job.run
    at, after = _place(run.cursor, run.push_since)
    async with transaction(job.pool) as conn:
        documents = await retailers.changed_since(conn, at, after, limit=job.remote.written_at_once)
    if not documents:
        return False
    last = documents[-1]
    place = {"at": last["changed_at"].isoformat(), "after": last["retailer_id"]}
    if run.dry_run:
        async with transaction(job.pool) as conn:
            spoken = await runs.planned_here(conn, run, [each["retailer_id"] for each in documents])
        documents = [each for each in documents if each["retailer_id"] not in spoken]
    await _send(job, documents, place)
    return True


async def _send(job: Job, documents: Sequence[Document], place: Cursor | None = None) -> None:
    """Send customers; what was sent twice because a worker died in between does no harm."""
    run = job.run
    async with transaction(job.pool) as conn:
        parcels = await sending.pack(conn, job.work, run, documents)
    going = [each for each in parcels if each.outgoing is not None]
    outgoing = [each.outgoing for each in going if each.outgoing is not None]
    written = [] if run.dry_run or not outgoing else await job.remote.write(outgoing)
    async with _writing(job) as conn:
        if run.dry_run:
            run.items += [sending.planned(each) for each in parcels if each.values]
            run.count(sent=len(going), refused=sum(bool(each.wrong) for each in parcels))
        else:
            results = {each.retailer_id: result for each, result in zip(going, written, strict=True)}
            await sending.settle(conn, job.work, run, parcels, results, now=job.clock())
            await _settle_others(conn, job, documents, parcels)
        run.cursor = place


async def _settle_others(
    conn: Connection, job: Job, documents: Sequence[Document], parcels: Sequence[sending.Parcel]
) -> None:
    """Let go of what was due of customers of whom nothing is to be sent any more."""
    others = {each["retailer_id"] for each in documents} - {each.retailer_id for each in parcels}
    await linking.settle_owed(conn, job.run.connector_id, sorted(others))
    await failures.solve(conn, job.run.connector_id, "out", others)


def _place(cursor: Cursor | None, since: datetime | None) -> tuple[datetime, str]:
    if cursor is None:
        return since or _EARLIEST, ""
    return datetime.fromisoformat(cursor["at"]), cursor["after"]


_STEPS: dict[Phase, Step] = {
    "retries": _retry,
    "pull": _pull,
    "deletions": _pull_deletions,
    "owed": _send_owed,
    "push": _push,
}
