"""Makes order plans and lets them be confirmed."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from humidor_common import audit
from humidor_common.auth import Principal
from humidor_common.db.pool import Connection
from humidor_common.ids import uuid7
from humidor_common.web.problems import Problem, not_found
from humidor_customers.orders.placing import place
from humidor_customers.orders.rules import Allowed, allow, value_minor
from humidor_customers.orders.schemas import LineInput, OrderInput, OrderView
from humidor_customers.plans import queries
from humidor_customers.plans.figures import Answer, FigureLine
from humidor_customers.plans.gathering import Basis, wanted
from humidor_customers.plans.schemas import PlanCut, PlanLine, PlanView


def make_plan(principal: Principal, basis: Basis, answer: Answer, *, now: datetime) -> PlanView:
    """Put the figures and the caps together.

    What is wanted is what is needed within the budget, before any cap: an order that comes of it tells the
    demand, and the caps cut it as they cut any order.
    """
    figures = {line.gtin: line for line in answer.lines}
    cartons = {gtin: _wanted_cartons(figures[gtin]) for gtin in basis.products}
    allowed = dict(zip(cartons, allow(wanted(basis, cartons), basis.room), strict=True))
    lines = [_line(basis, figures[gtin], allowed[gtin]) for gtin in basis.products]
    return PlanView(
        plan_id=uuid7(),
        retailer_id=basis.given.retailer_id,
        cycle_id=basis.cycle_id,
        review_days=basis.review_days,
        lead_time_days=basis.lead_time_days,
        service_target=basis.given.service_target,
        budget_minor=basis.budget_minor,
        currency=next(iter(basis.products.values())).currency,
        value_minor=sum(line.value_minor for line in lines),
        left_out=dict(basis.left_out),
        order_id=None,
        made_at=now,
        made_by=principal.subject,
        lines=lines,
    )


def _wanted_cartons(figure: FigureLine) -> int:
    return figure.quantity + _cut(figure, "supply_cap")


def _cut(figure: FigureLine, code: str) -> int:
    return sum(cut.quantity for cut in figure.cuts if cut.code == code)


def _line(basis: Basis, figure: FigureLine, allowed: Allowed) -> PlanLine:
    gtin, product = figure.gtin, basis.products[figure.gtin]
    size, demand = product.sticks_per_carton, basis.demand[figure.gtin]
    cuts = [PlanCut(code=cut.limit, sticks=cut.sticks) for cut in allowed.cuts]
    if budget := _cut(figure, "budget"):
        cuts.append(PlanCut(code="budget", sticks=budget * size))
    return PlanLine(
        gtin=gtin,
        name=product.name,
        on_hand_sticks=basis.stock.get(gtin, 0),
        stock_known=gtin in basis.stock,
        on_order_sticks=basis.on_order.get(gtin, 0),
        demand_basis=demand.basis,
        mean_per_day_sticks=round(demand.mean_per_day, 2),
        sd_per_day_sticks=round(demand.sd_per_day, 2),
        level_sticks=figure.level * size,
        needed_sticks=figure.needed * size,
        cap_left_sticks=basis.room.products.get(gtin),
        requested_sticks=_wanted_cartons(figure) * size,
        ordered_sticks=allowed.ordered,
        cuts=cuts,
        sticks_per_carton=size,
        value_minor=value_minor(allowed.ordered, product.price_minor_per_carton or 0, size),
        days_of_cover_after=_cover(basis, gtin, allowed.ordered),
    )


def _cover(basis: Basis, gtin: str, ordered: int) -> float | None:
    """Days that stock, what is on the way and the plan last; None where nothing is sold."""
    daily = basis.demand[gtin].mean_per_day
    held = basis.stock.get(gtin, 0) + basis.on_order.get(gtin, 0) + ordered
    return round(held / daily, 1) if daily > 0 else None


async def store_plan(conn: Connection, principal: Principal, plan: PlanView) -> PlanView:
    await queries.write(conn, plan)
    after = {"retailer_id": plan.retailer_id, "value_minor": plan.value_minor, "lines": len(plan.lines)}
    await audit.record(conn, principal, "plan", "order_plan", str(plan.plan_id), after=after)
    return plan


async def get_plan(conn: Connection, plan_id: UUID) -> PlanView:
    found = await queries.read(conn, plan_id)
    if found is None:
        raise not_found("order plan", plan_id)
    return found


async def confirm_plan(
    conn: Connection,
    principal: Principal,
    plan_id: UUID,
    *,
    quantities: Mapping[str, int] | None = None,
    now: datetime,
) -> OrderView:
    """Order what the plan wants, in one act; `quantities` (cartons) replace what it says of some products.

    Raises:
        Problem: 404; 409 `plan-confirmed` naming the order, `nothing-to-order`, those of an order.
    """
    await queries.lock(conn, plan_id)
    plan = await get_plan(conn, plan_id)
    if plan.order_id:
        raise Problem(409, "plan-confirmed", f"The plan is the order {plan.order_id} already.")
    lines = []
    for line in plan.lines:
        planned = line.requested_sticks // line.sticks_per_carton
        if cartons := (quantities or {}).get(line.gtin, planned):
            lines.append(LineInput(gtin=line.gtin, quantity=cartons))
    if not lines:
        raise Problem(409, "nothing-to-order", "The plan orders nothing.")
    order = await place(
        conn,
        principal,
        OrderInput(retailer_id=plan.retailer_id, cycle_id=plan.cycle_id, lines=lines, confirm=True),
        now=now,
    )
    await queries.mark_confirmed(conn, plan_id, order.order_id)
    return order
