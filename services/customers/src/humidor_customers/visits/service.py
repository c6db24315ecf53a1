"""Plans visits as routes, and notes down what came of them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from humidor_common import audit
from humidor_common.auth import Principal
from humidor_common.db.pool import Connection
from humidor_common.events.customers import VisitCompleted
from humidor_common.ids import uuid7
from humidor_common.messaging import outbox
from humidor_common.web.problems import FieldError, Problem, invalid, not_found
from humidor_customers.inputs import CLOCKS_APART
from humidor_customers.parties import Party, lock, seen
from humidor_customers.retailers import queries as retailers
from humidor_customers.retailers.seeing import check_seen
from humidor_customers.timeline.service import Entry, add_entries
from humidor_customers.visits import queries
from humidor_customers.visits.rules import Place, distance_m, length_m, route
from humidor_customers.visits.schemas import (
    Arrival,
    Miss,
    PlaceInput,
    PlaceView,
    PlanInput,
    PlanView,
    Point,
    Stop,
    VisitView,
)


async def put_place(
    conn: Connection, principal: Principal, retailer_id: str, given: PlaceInput, *, now: datetime
) -> PlaceView:
    """Say where a customer is, and how often it is visited."""
    await lock(conn, principal, Party("retailer", retailer_id))
    values = (retailer_id, given.latitude, given.longitude, given.every_days, now, principal.subject)
    await conn.execute(
        """INSERT INTO visit_places (retailer_id, latitude, longitude, every_days, changed_at, changed_by)
           VALUES ($1, $2, $3, $4, $5, $6)
           ON CONFLICT (retailer_id) DO UPDATE SET latitude = $2, longitude = $3, every_days = $4,
               changed_at = $5, changed_by = $6""",
        *values,
    )
    await audit.record(conn, principal, "change", "visit_place", retailer_id, after=given)
    return PlaceView(retailer_id=retailer_id, **given.model_dump())


async def plan(conn: Connection, principal: Principal, given: PlanInput, *, now: datetime) -> PlanView:
    """Plan a day's visits, in a short order where that is asked for; those without a place come last.

    Raises:
        Problem: 422 naming the stops that cannot be visited.
    """
    await _check_stops(conn, principal, given.stops)
    places = await queries.places_of(conn, [each.retailer_id for each in given.stops])
    start = Place(given.start.latitude, given.start.longitude) if given.start else None
    stops = _ordered(given.stops, places, start) if given.optimise else list(given.stops)
    placed = [places[each.retailer_id] for each in stops if each.retailer_id in places]
    length = round(length_m(placed, range(len(placed)), start)) if placed else None
    plan_id = uuid7()
    await conn.execute(
        """INSERT INTO visit_plans (plan_id, planned_on, visitor, start_latitude, start_longitude, length_m,
                                    version, created_by, created_at)
           VALUES ($1, $2, $3, $4, $5, $6, 1, $7, $8)""",
        *(plan_id, given.planned_on, given.visitor, start and start.latitude, start and start.longitude),
        *(length, principal.subject, now),
    )
    rows = [
        (uuid7(), plan_id, n, each.retailer_id, each.purpose, given.planned_on, given.visitor)
        for n, each in enumerate(stops, 1)
    ]
    await queries.add(conn, rows)
    view = await get_plan(conn, principal, plan_id)
    after = view.model_dump(mode="json", exclude={"visits", "start"}) | {"stops": len(rows)}
    await audit.record(conn, principal, "create", "visit_plan", str(plan_id), after=after)
    return view


async def _check_stops(conn: Connection, principal: Principal, stops: Sequence[Stop]) -> None:
    live = await queries.live_of(conn, [each.retailer_id for each in stops])
    errors = []
    for n, each in enumerate(stops):
        stores = live.get(each.retailer_id)
        if stores is None or (principal.stores is not None and not stores & principal.stores):
            message = f"there is no customer {each.retailer_id} to visit"
            errors.append(FieldError(f"stops[{n}].retailer_id", message))
    if errors:
        detail = f"{errors[0].field}: {errors[0].message}"
        raise Problem(422, "invalid", detail, errors=errors)


def _ordered(stops: Sequence[Stop], places: dict[str, Place], start: Place | None) -> list[Stop]:
    known = [each for each in stops if each.retailer_id in places]
    order = route([places[each.retailer_id] for each in known], start)
    return [known[each] for each in order] + [each for each in stops if each.retailer_id not in places]


async def get_plan(conn: Connection, principal: Principal, plan_id: UUID) -> PlanView:
    """Read a plan with its visits.

    Raises:
        Problem: 404, also where one of the customers is not the caller's.
    """
    row = await queries.plan_of(conn, plan_id)
    if row is None:
        raise not_found("visit plan", plan_id)
    found = await queries.visits_of(conn, [plan_id])
    if principal.stores is not None:
        owners = await retailers.read(conn, {each["retailer_id"] for each in found})
        for each in found:
            check_seen(principal, owners[each["retailer_id"]])
    places = await queries.places_of(conn, [each["retailer_id"] for each in found])
    return _plan_view(row, found, places)


async def list_plans(conn: Connection, visitor: str, *, before: UUID, limit: int) -> list[PlanView]:
    """Read somebody's plans, the newest first."""
    rows = await conn.fetch(
        "SELECT * FROM visit_plans WHERE visitor = $1 AND plan_id < $2 ORDER BY plan_id DESC LIMIT $3",
        visitor,
        before,
        limit,
    )
    found = await queries.visits_of(conn, [row["plan_id"] for row in rows])
    places = await queries.places_of(conn, {each["retailer_id"] for each in found})
    return [_plan_view(row, [v for v in found if v["plan_id"] == row["plan_id"]], places) for row in rows]


def _plan_view(row: Any, visits: Sequence[Any], places: dict[str, Place]) -> PlanView:
    start = None
    if row["start_latitude"] is not None:
        start = Point(latitude=row["start_latitude"], longitude=row["start_longitude"])
    unplaced = [each["retailer_id"] for each in visits if each["retailer_id"] not in places]
    shown = [VisitView(**each) for each in visits]
    return PlanView(**row, start=start, unplaced=unplaced, visits=shown)


async def complete(
    conn: Connection, principal: Principal, visit_id: UUID, given: Arrival, *, now: datetime
) -> VisitView:
    """Note down what came of a planned visit; it stands on the timeline and is told.

    Raises:
        Problem: 404; 409 `visit-closed`; 422 for what is in the future.
    """
    row = await _lock_planned(conn, principal, visit_id)
    if given.left_at > now + CLOCKS_APART:
        raise invalid("left_at", "is in the future")
    places = await queries.places_of(conn, [row["retailer_id"]])
    distance = None
    if given.at and places:
        here = Place(given.at.latitude, given.at.longitude)
        distance = round(distance_m(here, places[row["retailer_id"]]))
    await conn.execute(
        """UPDATE visits SET state = 'done', arrived_at = $2, left_at = $3, distance_m = $4, outcome = $5,
                  note = $6, closed_by = $7, closed_at = $8 WHERE visit_id = $1""",
        *(visit_id, given.arrived_at, given.left_at, distance, given.outcome, given.note),
        *(principal.subject, now),
    )
    told = VisitCompleted(
        visit_id=visit_id,
        retailer_id=row["retailer_id"],
        purpose=row["purpose"],
        planned_on=row["planned_on"].isoformat(),
        arrived_at=given.arrived_at,
        left_at=given.left_at,
        distance_m=distance,
    )
    minutes = int((given.left_at - given.arrived_at).total_seconds() // 60)
    details = {"purpose": row["purpose"], "minutes": minutes, "distance_m": distance}
    party = Party("retailer", row["retailer_id"])
    await add_entries(conn, [Entry(party, visit_id, "visit", given.arrived_at, details)])
    await outbox.append(conn, [told])
    return await _noted(conn, principal, "complete", visit_id, details)


async def miss(
    conn: Connection, principal: Principal, visit_id: UUID, given: Miss, *, now: datetime
) -> VisitView:
    """Say that a planned visit did not take place, and why."""
    await _lock_planned(conn, principal, visit_id)
    await conn.execute(
        "UPDATE visits SET state = $2, outcome = $3, closed_by = $4, closed_at = $5 WHERE visit_id = $1",
        *(visit_id, given.state, given.outcome, principal.subject, now),
    )
    return await _noted(conn, principal, given.state, visit_id, {})


async def _lock_planned(conn: Connection, principal: Principal, visit_id: UUID) -> Any:
    row = await queries.visit_of(conn, visit_id, lock=True)
    if row is None:
        raise not_found("visit", visit_id)
    await seen(conn, principal, Party("retailer", row["retailer_id"]))
    if row["state"] != "planned":
        raise Problem(409, "visit-closed", f"The visit is {row['state']}.")
    return row


async def _noted(
    conn: Connection, principal: Principal, action: str, visit_id: UUID, after: dict[str, Any]
) -> VisitView:
    await audit.record(conn, principal, action, "visit", str(visit_id), after=after)
    return VisitView(**await queries.visit_of(conn, visit_id))
