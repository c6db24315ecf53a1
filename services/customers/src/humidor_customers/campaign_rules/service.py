"""Keeps the operators' own rules beside the law's, and holds campaigns against both."""

from collections.abc import Sequence
from datetime import date, datetime
from functools import cache
from importlib import resources

from humidor_common import audit
from humidor_common.auth import Principal
from humidor_common.db.pool import Connection
from humidor_common.web.inputs import check_match
from humidor_common.web.problems import FieldError, Problem, invalid
from humidor_customers.campaign_rules import queries
from humidor_customers.campaign_rules.rules import Facts, Jurisdiction, Rule, judge, read_rules
from humidor_customers.campaign_rules.schemas import OWN, Finding, RuleInput, RuleView


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
    await audit.record(
        conn,
        principal,
        "change" if before else "create",
        "campaign_rule",
        rule_id,
        before=before and before.model_dump(mode="json"),
        after=after.model_dump(mode="json"),
        reason=given.reason,
    )
    return after


async def rules_of(conn: Connection) -> list[Rule]:
    """Read every rule that may be in force."""
    return [*built_in(), *await queries.own_rules(conn)]


def find(rules: Sequence[Rule], facts: Facts, jurisdiction: str, day: date) -> list[Finding]:
    """Hold a campaign against rules."""
    found = judge(rules, facts, jurisdiction, day)
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
