"""Keeps the definitions of custom fields."""

from datetime import datetime

from humidor_common import audit
from humidor_common.auth import Principal
from humidor_common.db.pool import Connection
from humidor_common.web.inputs import check_match
from humidor_common.web.problems import FieldError, Problem
from humidor_customers.fields.rules import Definition
from humidor_customers.fields.schemas import FieldInput, FieldView

MOST_FIELDS = 100

_WRITE = """
INSERT INTO custom_fields (field, label, kind, choices, required, retired, version, changed_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (field) DO UPDATE SET label = $2, choices = $4, required = $5, retired = $6, version = $7,
                                  changed_at = $8
"""


async def list_fields(conn: Connection, *, after: str = "", limit: int = MOST_FIELDS) -> list[FieldView]:
    rows = await conn.fetch(
        "SELECT * FROM custom_fields WHERE field > $1 ORDER BY field LIMIT $2", after, limit
    )
    return [FieldView(**row) for row in rows]


async def load_definitions(conn: Connection) -> dict[str, Definition]:
    return {
        each.field: Definition(each.kind, frozenset(each.choices), each.required, each.retired)
        for each in await list_fields(conn)
    }


async def put_field(
    conn: Connection,
    principal: Principal,
    field: tuple[str, FieldInput],
    *,
    if_match: str | None,
    now: datetime,
) -> FieldView:
    """Make or change a custom field; the same again changes nothing.

    Raises:
        Problem: 409 `kind-fixed`, `choice-in-use` or `too-many-fields`; 412.
    """
    name, given = field
    await conn.execute("SELECT pg_advisory_xact_lock(7401003)")
    known = {each.field: each for each in await list_fields(conn)}
    before = known.get(name)
    check_match(if_match, before.version if before else None)
    if before and given.model_dump() == before.model_dump(include=set(FieldInput.model_fields)):
        return before
    if before is None and len(known) >= MOST_FIELDS:
        raise Problem(409, "too-many-fields", f"There are {MOST_FIELDS} custom fields already.")
    if before:
        await _check_change(conn, before, given)
    version = before.version + 1 if before else 1
    after = FieldView(field=name, version=version, changed_at=now, **given.model_dump())
    await conn.execute(_WRITE, *(getattr(after, column) for column in FieldView.model_fields))
    await audit.record_put(conn, principal, ("custom_field", name), before, after)
    return after


async def _check_change(conn: Connection, before: FieldView, given: FieldInput) -> None:
    if given.kind != before.kind:
        detail = f"The field is a {before.kind}; retire it and make another one."
        raise Problem(409, "kind-fixed", detail, errors=[FieldError("kind", "does not change")])
    for choice in sorted(set(before.choices) - set(given.choices)):
        used = await conn.fetchval(
            "SELECT EXISTS (SELECT FROM retailers WHERE custom @> $1::jsonb)", {before.field: choice}
        )
        if used:
            raise Problem(
                409,
                "choice-in-use",
                f"Customers have {choice!r}.",
                errors=[FieldError("choices", f"{choice} is in use")],
            )
