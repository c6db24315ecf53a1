"""What is kept of a page: counts, failures, and of a dry run every record."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from humidor_common.db.pool import Connection
from humidor_customers.crm.rules import flat
from humidor_customers.exchange import failures
from humidor_customers.exchange.rules import shown
from humidor_customers.exchange.taking import Plan
from humidor_customers.exchange.work import Report


async def report_taken(conn: Connection, report: Report, plans: Sequence[Plan], *, now: datetime) -> None:
    """Count what became of records, and keep what went wrong; what went well settles what had gone wrong."""
    counts = Counter("failed" if each.wrong else each.outcome for each in plans)
    report.count(**counts)
    report.count(conflicts=sum(len(each.decision.conflicts) for each in plans if each.decision))
    for each in plans:
        if report.dry_run or (each.decision and each.decision.conflicts):
            report.items.append(_item(each))
    if report.dry_run:
        owing = [each for each in plans if each.decision and each.decision.owed and not each.wrong]
        report.count(sent=len(owing))
        return
    await failures.write(
        conn, report.connector_id, report.run_id, [each.failure for each in plans if each.failure], now=now
    )
    good = [each.record.remote_id for each in plans if each.wrong is None]
    await failures.solve(conn, report.connector_id, "in", good)


def _item(plan: Plan) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    before = flat(plan.before) if plan.before else {}
    if plan.decision:
        for name, value in plan.decision.take.items():
            if value is not None or before.get(name) is not None:
                fields[name] = {"from": shown(name, before.get(name)), "to": shown(name, value)}
        for each in plan.decision.conflicts:
            sides = {"ours": shown(each.field, each.ours), "theirs": shown(each.field, each.theirs)}
            fields[each.field] = {**sides, "won": each.won}
        if plan.decision.owed:
            fields["owed"] = plan.decision.owed
    if plan.wrong:
        fields["errors"] = [each._asdict() for each in plan.wrong[1]]
    contested = plan.decision is not None and bool(plan.decision.conflicts)
    return {
        "direction": "in",
        "outcome": plan.wrong[0] if plan.wrong else "conflict" if contested else plan.outcome,
        "remote_id": plan.record.remote_id,
        "retailer_id": plan.retailer_id or None,
        "fields": fields,
    }
