"""Alerts over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response

from humidor_common.clock import utc_now
from humidor_common.db.transaction import Read, Tx
from humidor_common.web.pagination import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, encode_cursor
from humidor_common.web.problems import invalid
from humidor_inventory.alerts import lists, rulebook, service, sweep
from humidor_inventory.alerts.lists import Filters
from humidor_inventory.alerts.rulebook import RuleScope
from humidor_inventory.alerts.rules import DEFAULTS, THRESHOLDS, AlertKind, Severity
from humidor_inventory.alerts.schemas import (
    Acknowledgement,
    AlertState,
    AlertView,
    KindView,
    Overview,
    RuleInput,
    RuleView,
    Snooze,
    SweepInput,
    SweepView,
)
from humidor_inventory.inputs import Gtin, IfMatch, Label, Reader, StoreId, Writer, tag, visible_stores

router = APIRouter(prefix="/v1", tags=["alerts"])


@router.get("/alerts")
async def list_alerts(  # noqa: PLR0913, PLR0917 - FastAPI's parameters
    conn: Read,
    principal: Reader,
    store_id: Annotated[StoreId | None, Query()] = None,
    gtin: Annotated[Gtin | None, Query()] = None,
    state: Annotated[AlertState | None, Query()] = None,
    kind: Annotated[AlertKind | None, Query()] = None,
    severity: Annotated[Severity | None, Query()] = None,
    acknowledged: Annotated[bool | None, Query()] = None,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Page[AlertView]:
    """Read alerts; those that are `open` or `ordered` still hold."""
    after = decode_cursor(cursor, UUID)[0] if cursor else None
    visible = visible_stores(principal, store_id)
    filters = Filters(visible, limit + 1, gtin, state, kind, severity, acknowledged, after)
    found = await lists.list_alerts(conn, filters)
    items = found[:limit]
    more = len(found) > limit
    return Page(items=items, next_cursor=encode_cursor(items[-1].alert_id) if more else None)


@router.get("/alerts/overview")
async def get_overview(
    conn: Read,
    principal: Reader,
    store_id: Annotated[StoreId | None, Query()] = None,
    stores: Annotated[int, Query(ge=0, le=1000, description="Most stores to name.")] = 50,
) -> Overview:
    """Count what is open, by kind and severity and by store."""
    visible = visible_stores(principal, store_id)
    return await service.count_alerts(conn, visible, now=utc_now(), stores=stores)


@router.post("/alerts:sweep")
async def sweep_alerts(conn: Tx, principal: Writer, given: SweepInput) -> SweepView:
    """Look for what time brings: at these stores at once, or at all of them as soon as the worker can."""
    for store_id in given.store_ids:
        principal.check_store(store_id)
    if given.store_ids:
        store_ids = sorted(set(given.store_ids))
        await sweep.sweep_time(conn, store_ids, now=utc_now())
        await sweep.sweep_shelves(conn, store_ids, now=utc_now())
        return SweepView(state="done", store_ids=store_ids)
    principal.check_every_store()
    await rulebook.sweep_now(conn, utc_now())
    return SweepView(state="due", store_ids=[])


@router.get("/alerts/{alert_id}")
async def get_alert(conn: Read, principal: Reader, alert_id: UUID) -> AlertView:
    return await service.get_alert(conn, principal, alert_id)


@router.post("/alerts/{alert_id}:acknowledge")
async def acknowledge_alert(conn: Tx, principal: Writer, alert_id: UUID, given: Acknowledgement) -> AlertView:
    """Say that somebody sees to it; it is not escalated any more. Again changes nothing."""
    return await service.acknowledge_alert(conn, principal, alert_id, given.note, now=utc_now())


@router.post("/alerts/{alert_id}:snooze")
async def snooze_alert(conn: Tx, principal: Writer, alert_id: UUID, given: Snooze) -> AlertView:
    """Let nobody be told of it for a time; it still closes by itself."""
    return await service.snooze_alert(
        conn, principal, alert_id, given.until, reason=given.reason, now=utc_now()
    )


@router.post("/alerts/{alert_id}:wake")
async def wake_alert(conn: Tx, principal: Writer, alert_id: UUID) -> AlertView:
    """End a snooze early."""
    return await service.wake_alert(conn, principal, alert_id, now=utc_now())


@router.get("/alert-kinds")
async def list_kinds(principal: Reader) -> Page[KindView]:  # noqa: ARG001 - proves the caller
    """Read the kinds of alerts and the terms that hold where no rule says otherwise."""
    views = [
        KindView(
            kind=kind,
            threshold=THRESHOLDS.get(kind),
            threshold_days=terms.threshold_days,
            window_days=terms.window_days,
            escalate_after_minutes=terms.escalate_after_minutes,
        )
        for kind, terms in DEFAULTS.items()
    ]
    return Page(items=views)


def _scope(
    kind: AlertKind,
    store_id: Annotated[StoreId | None, Query()] = None,
    brand: Annotated[Label | None, Query()] = None,
    gtin: Annotated[Gtin | None, Query()] = None,
) -> RuleScope:
    if brand and gtin:
        raise invalid("brand", "a rule is for a brand or for a product")
    return RuleScope(kind, gtin or "", brand or "", store_id or "")


Scoped = Annotated[RuleScope, Depends(_scope)]


def _check_scope(principal: Reader, scope: RuleScope) -> None:
    if scope.store_id:
        principal.check_store(scope.store_id)
    else:
        principal.check_every_store()


@router.put("/alert-rules/{kind}", responses={201: {"model": RuleView}})  # noqa: FAST003 - in Scoped
async def put_rule(
    conn: Tx, principal: Writer, scope: Scoped, rule: RuleInput, response: Response, if_match: IfMatch = None
) -> RuleView:
    """Set the terms of a kind for everything, or for a store, a brand, a product or these of one store."""
    _check_scope(principal, scope)
    now = utc_now()
    view = await rulebook.put_rule(conn, principal, scope, rule, if_match=if_match, now=now)
    tag(response, view.version, created=view.version == 1 and view.changed_at == now)
    return view


@router.get("/alert-rules/{kind}")  # noqa: FAST003 - in Scoped
async def get_rule(conn: Read, principal: Reader, scope: Scoped, response: Response) -> RuleView:
    if scope.store_id:
        principal.check_store(scope.store_id)
    view = await rulebook.get_rule(conn, scope)
    tag(response, view.version)
    return view


@router.delete("/alert-rules/{kind}", status_code=204)  # noqa: FAST003 - in Scoped
async def delete_rule(conn: Tx, principal: Writer, scope: Scoped, if_match: IfMatch = None) -> None:
    """Let the less specific rule hold again."""
    _check_scope(principal, scope)
    await rulebook.delete_rule(conn, principal, scope, if_match=if_match, now=utc_now())


@router.get("/alert-rules")
async def list_rules(
    conn: Read,
    principal: Reader,
    kind: Annotated[AlertKind | None, Query()] = None,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Page[RuleView]:
    after = decode_cursor(cursor, str, str, str, str) if cursor else ("", "", "", "")
    found = await rulebook.list_rules(
        conn,
        visible_stores(principal, None),
        kind=kind,
        after=(after[0], after[1], after[2], after[3]),
        limit=limit + 1,
    )
    items = found[:limit]
    if len(found) <= limit:
        return Page(items=items)
    last = items[-1]
    key = (last.kind, last.gtin or "", last.brand or "", last.store_id or "")
    return Page(items=items, next_cursor=encode_cursor(*key))
