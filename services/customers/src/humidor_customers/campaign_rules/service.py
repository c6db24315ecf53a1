"""Keeps the operators' own rules beside the law's, and holds campaigns against both."""

from collections.abc import Sequence
from datetime import date, datetime
from functools import cache
from importlib import resources

from humidor_common import audit
from humidor_common.auth import Principal
from humidor_common.db.pool import Connection
from humidor_common.web.inputs import check_match
from humidor_common.web.problems import FieldError, Problem, invalid, not_found
from humidor_customers.campaign_rules import queries
from humidor_customers.campaign_rules.rules import Facts, Jurisdiction, Rule, judge, read_rules
from humidor_customers.campaign_rules.schemas import OWN, Finding, RuleInput, RuleVersionView, RuleView

SOFTWARE = "software"


@cache
def built_in() -> tuple[Rule, ...]:
    """Read the law as it comes with the software."""
    package = resources.files("humidor_customers.campaign_rules")
    return tuple(read_rules((package / "built_in.toml").read_text(encoding="utf-8")))


async def list_rules(
    conn: Connection, jurisdiction: Jurisdiction, *, after: str, limit: int
) -> list[RuleView]:
    """Read the law's rules and the operators' own of a jurisdiction, by their ids."""
    law = [
        RuleView.model_validate(each._asdict() | {"built_in": True})
        for each in built_in()
        if each.jurisdiction == jurisdiction
    ]
    both = sorted(law + await queries.own_views(conn, jurisdiction), key=lambda each: each.rule_id)
    return [each for each in both if each.rule_id > after][:limit]


async def list_versions(conn: Connection, rule_id: str, *, before: int, limit: int) -> list[RuleVersionView]:
    """Read what a rule said at which time, the newest first.

    Raises:
        Problem: 404 where nobody knows of the rule.
    """
    found = await queries.versions_page(conn, rule_id, before=before, limit=limit)
    if not found and not await queries.newest_versions(conn, [rule_id]):
        raise not_found("rule", rule_id)
    return found


async def take_down_law(conn: Connection, *, now: datetime) -> int:
    """Keep what the law's rules say where that is new with this release; gives of how many."""
    await queries.lock_rules(conn)
    known = await queries.newest_versions(conn, [each.rule_id for each in built_in()])
    changed = []
    for rule in built_in():
        before = known.get(rule.rule_id, {})
        update = {"version": before.get("version", 0), "built_in": True}
        view = RuleView.model_validate(rule._asdict() | update)
        kept = {"changed_by": before.get("changed_by"), "changed_at": before.get("changed_at")}
        if view.model_dump(mode="json") | kept != before:
            update = {"version": view.version + 1, "changed_by": SOFTWARE, "changed_at": now}
            changed.append(view.model_copy(update=update))
    if changed:
        await queries.add_versions(conn, changed, None)
    return len(changed)


async def put_rule(
    conn: Connection,
    principal: Principal,
    rule: tuple[str, RuleInput],
    jurisdiction: Jurisdiction,
    *,
    if_match: str | None,
    now: datetime,
) -> RuleView:
    """Add a rule of the operator's own, or change it; what the law says is not changed here.

    Raises:
        Problem: 409 `rule-built-in`, 412, 422 for an id that is not one of your own.
    """
    rule_id, given = rule
    if any(each.rule_id == rule_id for each in built_in()):
        raise Problem(409, "rule-built-in", "This rule is the law's; add a stricter one beside it.")
    if not rule_id.startswith(OWN):
        raise invalid("rule_id", f"begins with {OWN}")
    await queries.lock_rules(conn)
    before = await queries.read(conn, rule_id, lock=True)
    check_match(if_match, before.version if before else None)
    after = RuleView(
        **given.model_dump(exclude={"conditions", "reason"}),
        conditions=given.conditions.model_dump(exclude_none=True),
        rule_id=rule_id,
        jurisdiction=jurisdiction,
        built_in=False,
        version=(before.version if before else 0) + 1,
        changed_by=principal.subject,
        changed_at=now,
    )
    await queries.write(conn, after)
    await queries.add_versions(conn, [after], given.reason)
    await audit.record_put(conn, principal, ("campaign_rule", rule_id), before, after, given.reason)
    return after


async def rules_of(conn: Connection) -> list[Rule]:
    """Read every rule that may be in force."""
    return [*built_in(), *await queries.own_rules(conn)]


def find(
    rules: Sequence[Rule], facts: Facts, jurisdiction: str, day: date, first: date | None = None
) -> list[Finding]:
    """Hold a campaign against rules in force from `first` to `day`."""
    found = judge(rules, facts, jurisdiction, day, first)
    return [Finding.model_validate(each._asdict()) for each in found]


def refuse(findings: Sequence[Finding]) -> None:
    """Refuse what is forbidden; nobody overrides it.

    Raises:
        Problem: 422 `campaign-forbidden` naming each rule, its source and the field.
    """
    forbidden = [each for each in findings if each.severity == "forbidden"]
    if not forbidden:
        return
    errors = [FieldError(each.field, f"{each.rule_id}: {each.says} ({cite(each)})") for each in forbidden]
    first = forbidden[0]
    raise Problem(422, "campaign-forbidden", f"{first.says} ({cite(first)}; {first.rule_id})", errors=errors)


def cite(finding: Finding) -> str:
    return f"{finding.law}, art. {finding.article}" if finding.article else finding.law
