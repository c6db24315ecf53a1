"""Statements over the operators' own rules."""

from typing import Any

from humidor_common.db.pool import Connection
from humidor_customers.campaign_rules.rules import Rule
from humidor_customers.campaign_rules.schemas import RuleView

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


async def lock_rules(conn: Connection) -> None:
    """Let nobody else add a rule before this transaction ends."""
    await conn.execute("SELECT pg_advisory_xact_lock(hashtextextended('campaign_rules', 0))")
