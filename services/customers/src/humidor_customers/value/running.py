"""The job that fits a model and gives all customers their scores."""

import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from humidor_common.clock import utc_now
from humidor_common.db.transaction import transaction
from humidor_customers.estimates.buying import Unfit
from humidor_customers.inputs import PartyKind
from humidor_customers.jobs.working import Job, Undoable
from humidor_customers.value import queries
from humidor_customers.value.fitting import LIFETIME_DAYS, Cycles, Outcome, fit_lifetime, fit_rfm
from humidor_customers.value.foretelling import HORIZON_DAYS, fit_churn, fit_clusters, fit_potential
from humidor_customers.value.history import EPOCH, Days, Figures, read_cycles, read_days, read_figures
from humidor_customers.value.holdout import weeks_of
from humidor_customers.value.schemas import ModelInput, ModelView

FITTED = 0.7
"""The progress at which a model is fitted."""
_ROWS = 50_000


async def run_model(job: Job) -> Mapping[str, Any]:
    """Fit, score and put in force; a model that cannot be fitted leaves the one in force and says why."""
    given = ModelInput(**job.parameters)
    job.say(0.05, "reading")
    figures = await read_figures(job, given.party_kind)
    try:
        outcome = await _fit(job, given, figures)
    except Unfit as error:
        raise Undoable("unfit", f"The data does not allow it: {error}.") from error
    job.say(FITTED, "writing")
    await _forget(job, job.claimed.job_id)
    try:
        await _write_scores(job, figures, outcome)
        view = _view(job, given, figures, outcome)
        async with transaction(job.pool) as conn:
            await job.keep(conn)
            former = await queries.put_in_force(conn, view)
    except BaseException:
        await _forget(job, job.claimed.job_id)
        raise
    if former is not None:
        await _forget(job, former)
    return {"model_id": str(view.model_id), "customers": view.customers, "reason": view.reason}


async def _fit(job: Job, given: ModelInput, figures: Figures) -> Outcome:
    kind = given.party_kind
    if given.model == "clusters":
        job.say(0.3, "clustering")
        return await job.calculate_heard(FITTED, fit_clusters, figures)
    days = await read_days(job, kind, figures)
    if given.model == "rfm":
        cycles = await _cycles(job, kind, figures, days)
        job.say(job.progress, "fitting")
        return await job.calculate_heard(FITTED, fit_rfm, figures, days, *cycles)
    horizon = given.horizon_days or HORIZON_DAYS[kind]
    job.say(0.4, "fitting")
    if given.model == "lifetime":
        horizon = given.horizon_days or LIFETIME_DAYS
        return await job.calculate_heard(FITTED, fit_lifetime, figures, days, horizon)
    if given.model == "churn":
        async with job.pool.acquire() as conn:
            ended = await queries.ended(conn, kind)
        return await job.calculate_heard(FITTED, fit_churn, figures, days, kind, horizon, ended)
    return await job.calculate_heard(FITTED, fit_potential, figures, days, kind, horizon)


async def _cycles(job: Job, kind: PartyKind, figures: Figures, days: Days) -> tuple[Cycles, Cycles]:
    """Read the order cycles of trade customers as of now, and of when the weeks begin that are kept back."""
    if kind == "consumer":
        return {}, {}
    now, ids = utc_now(), figures.ids
    before = now - timedelta(weeks=weeks_of(days))
    cycles = await read_cycles(job, ids, now, job.hearing("reading cycles", 0.4, 0.5))
    return cycles, await read_cycles(job, ids, before, job.hearing("reading cycles", 0.5, 0.6))


async def _write_scores(job: Job, figures: Figures, outcome: Outcome) -> None:
    count = len(figures.ids)
    heard = job.hearing("writing", FITTED, 0.95)
    for start in range(0, count, _ROWS):
        heard(start / count)
        async with transaction(job.pool) as conn:
            part = slice(start, start + _ROWS)
            await queries.add_scores(conn, as_rows(job.claimed.job_id, figures.ids, outcome, part))


def as_rows(
    model_id: Any, every_id: Sequence[str], outcome: Outcome, part: slice = slice(None)
) -> Iterator[tuple[Any, ...]]:
    """Give the scores of some customers as they are written; what is not finite is None."""
    ids = every_id[part]
    scores = outcome.scores[part].tolist()
    labels = [None] * len(ids) if outcome.labels is None else outcome.labels[part].tolist()
    several = [None] * len(ids) if outcome.figures is None else outcome.figures[part].tolist()
    for identity, score, label, more in zip(ids, scores, labels, several, strict=True):
        yield (model_id, identity, _finite(score), label, more and [_finite(each) for each in more])


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _view(job: Job, given: ModelInput, figures: Figures, outcome: Outcome) -> ModelView:
    return ModelView(
        model_id=job.claimed.job_id,
        model=given.model,
        party_kind=given.party_kind,
        current=True,
        customers=len(figures.ids),
        parameters=clean(outcome.parameters),
        fit=clean(outcome.fit),
        holdout=clean(outcome.holdout),
        reason=outcome.reason,
        as_of=EPOCH + timedelta(days=figures.today),
        fitted_at=utc_now(),
        fitted_by="worker",
    )


def clean(value: Any) -> Any:
    """Leave nothing that JSON has no word for."""
    if isinstance(value, dict):
        return {str(name): clean(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [clean(each) for each in value]
    return _finite(value) if isinstance(value, float) else value


async def _forget(job: Job, model_id: Any) -> None:
    more = True
    while more:
        async with transaction(job.pool) as conn:
            more = await queries.forget_scores(conn, model_id)
