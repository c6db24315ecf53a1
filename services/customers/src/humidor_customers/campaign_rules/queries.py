"""Statements over the operators' own rules."""

from collections.abc import Sequence
from typing import Any

from humidor_common.db.pool import Connection
from humidor_customers.campaign_rules.rules import Rule
from humidor_customers.campaign_rules.schemas import RuleVersionView, RuleView

_COLUMNS = tuple(name for name in RuleView.model_fields if name != "built_in")
_WRITE = f"""
INSERT INTO campaign_rules ({", ".join(_COLUMNS)})
VALUES ({", ".join(f"${n}" for n, _ in enumerate(_COLUMNS, 1))})
ON CONFLICT (rule_id) DO UPDATE SET {", ".join(f"{name} = excluded.{name}" for name in _COLUMNS[1:])}
"""  # noqa: S608 - names of ours


async def own_rules(conn: Connection) -> list[Rule]:
    """Read those that are not retired."""
    rows = await conn.fetch(
        f"SELECT {', '.join(Rule._fields)} FROM campaign_rules WHERE NOT retired"  # noqa: S608
    )
    return [Rule(**row) for row in rows]


async def read(conn: Connection, rule_id: str, *, lock: bool = False) -> RuleView | None:
    row = await conn.fetchrow(
        f"SELECT * FROM campaign_rules WHERE rule_id = $1 {'FOR UPDATE' if lock else ''}",  # noqa: S608
        rule_id,
    )
    return None if row is None else RuleView(**row, built_in=False)


async def own_views(conn: Connection, jurisdiction: str) -> list[RuleView]:
    rows = await conn.fetch("SELECT * FROM campaign_rules WHERE jurisdiction = $1", jurisdiction)
    return [RuleView(**row, built_in=False) for row in rows]


async def write(conn: Connection, rule: RuleView) -> None:
    values: dict[str, Any] = rule.model_dump()
    await conn.execute(_WRITE, *(values[name] for name in _COLUMNS))


async def add_versions(conn: Connection, rules: Sequence[RuleView], reason: str | None) -> None:
    """Keep what rules say from now on."""
    rows = [
        {name: getattr(each, name) for name in ("rule_id", "version", "changed_by")}
        | {"rule": each.model_dump(mode="json"), "changed_at": each.model_dump(mode="json")["changed_at"]}
        | {"reason": reason}
        for each in rules
    ]
    await conn.execute(
        """INSERT INTO campaign_rule_versions
           SELECT * FROM jsonb_populate_recordset(NULL::campaign_rule_versions, $1)""",
        rows,
    )


async def newest_versions(conn: Connection, rule_ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Read the newest version of rules that is known, as it was kept."""
    rows = await conn.fetch(
        """SELECT DISTINCT ON (rule_id) rule_id, rule FROM campaign_rule_versions
           WHERE rule_id = ANY($1::text[]) ORDER BY rule_id, version DESC""",
        list(rule_ids),
    )
    return {row[0]: row[1] for row in rows}


async def versions_page(conn: Connection, rule_id: str, *, before: int, limit: int) -> list[RuleVersionView]:
    """Read versions of a rule, the newest first."""
    rows = await conn.fetch(
        """SELECT rule, reason, changed_at,
                  (SELECT n.changed_at FROM campaign_rule_versions n
                   WHERE n.rule_id = v.rule_id AND n.version > v.version ORDER BY n.version LIMIT 1) AS until
           FROM campaign_rule_versions v WHERE rule_id = $1 AND version < $2
           ORDER BY version DESC LIMIT $3""",
        rule_id,
        before,
        limit,
    )
    return [
        RuleVersionView(
            **row["rule"], reason=row["reason"], valid_from=row["changed_at"], valid_until=row["until"]
        )
        for row in rows
    ]


async def lock_rules(conn: Connection) -> None:
    """Let nobody else add a rule before this transaction ends."""
    await conn.execute("SELECT pg_advisory_xact_lock(hashtextextended('campaign_rules', 0))")
