"""Who is right where both sides changed a record, field by field; pure."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, NamedTuple, TypeAlias

from humidor_customers.crm.mapping import NEVER_EMPTY, ONLY_TOLD, FieldMap, Wins
from humidor_customers.crm.remote import RemoteRecord
from humidor_customers.retailers.rules import masked

Winner: TypeAlias = Literal["ours", "theirs"]
Values: TypeAlias = dict[str, Any]

_MISSING = object()


class Conflict(NamedTuple):
    """A field that both sides changed since they last agreed; `won` is None where a person has to decide."""

    field: str
    ours: Any
    theirs: Any
    won: Winner | None


class Decision(NamedTuple):
    """What is taken of a record over there, what was contested, and what it is known to hold from now on.

    `owed` names the fields in which it lacks what we have.
    """

    take: Values
    conflicts: list[Conflict]
    shadow: Values
    owed: list[str]

    @property
    def undecided(self) -> bool:
        return any(each.won is None for each in self.conflicts)


def reconcile(
    fields: Sequence[FieldMap],
    sides: tuple[Mapping[str, Any] | None, Mapping[str, Any], Mapping[str, Any]],
    *,
    conflicts: Wins,
    newer: Winner,
) -> Decision:
    """Merge a record three ways, field by field.

    Args:
        fields: The mapping.
        sides: What both agreed on last (None where they never met), ours now, theirs now; by our names.
            A field that theirs lacks altogether says nothing.
        conflicts: Who wins where a field has no rule of its own.
        newer: Which side was changed later, for `newest`.

    Example:
        Agreed A, ours A, theirs B: B is taken. Agreed A, ours B, theirs A: ours stays and is owed. Agreed A,
        ours B, theirs C: a conflict. Never met, ours A, theirs empty: ours stays and is owed.
    """
    base, ours, theirs = sides
    base = base or {}
    take: Values = {}
    found: list[Conflict] = []
    shadow = dict(base)
    for each in fields:
        value = theirs.get(each.ours, _MISSING)
        if value is _MISSING:
            continue
        agreed = base.get(each.ours, _MISSING)
        if agreed == digest_of(value):
            agreed = value
        else:
            shadow[each.ours] = value
        if not _differs(each, ours.get(each.ours), value):
            continue
        won = _winner(each, agreed, ours.get(each.ours), value)
        if won is None:
            won = _ruled(each, conflicts, newer)
            found.append(Conflict(each.ours, ours.get(each.ours), value, won))
            if won is None:
                shadow[each.ours] = base.get(each.ours)
        if won == "theirs":
            take[each.ours] = value
    return Decision(take, found, shadow, list(to_send(fields, shadow, {**ours, **take})))


def digest_of(value: Any) -> Values:
    """Give what stands in a shadow for a value that was erased here: it tells if the record still has it.

    So a person who was erased is not taken over again from a system that has not been told yet.
    """
    return {"erased": hashlib.sha256(str(value).encode()).hexdigest()}


def _differs(field: FieldMap, ours: Any, theirs: Any) -> bool:
    if field.direction == "out" or field.ours in ONLY_TOLD:
        return False
    return bool(ours != theirs) and not (theirs is None and field.ours in NEVER_EMPTY)


def _winner(field: FieldMap, base: Any, ours: Any, theirs: Any) -> Winner | None:
    if base is _MISSING:
        if ours is None:
            return "theirs"
        return "ours" if theirs is None else None
    if theirs == base:
        return "ours"
    return "theirs" if ours == base or field.direction == "in" else None


def _ruled(field: FieldMap, conflicts: Wins, newer: Winner) -> Winner | None:
    if field.direction == "in":
        return "theirs"
    rule = field.wins or conflicts
    if rule == "review":
        return None
    return newer if rule == "newest" else rule


def _told(field: FieldMap) -> bool:
    return field.direction in ("both", "out")


def _same(shadow: Mapping[str, Any], name: str, ours: Mapping[str, Any]) -> bool:
    return bool(shadow.get(name) == ours.get(name))


def to_send(fields: Sequence[FieldMap], shadow: Mapping[str, Any], ours: Mapping[str, Any]) -> Values:
    """Give the fields that the record over there lacks, as far as we know."""
    return {
        each.ours: ours.get(each.ours)
        for each in fields
        if _told(each) and not _same(shadow, each.ours, ours)
    }


def newer_side(here: datetime, there: datetime | None) -> Winner:
    """Say which side was changed later; theirs where it does not tell."""
    return "ours" if there is not None and here > there else "theirs"


def newest_of_each(records: Iterable[RemoteRecord]) -> list[RemoteRecord]:
    """Keep of records that came twice the one that was changed last."""
    found: dict[str, RemoteRecord] = {}
    for each in records:
        known = found.get(each.remote_id)
        if known is None or _at(each) >= _at(known):
            found[each.remote_id] = each
    return list(found.values())


def _at(record: RemoteRecord) -> float:
    return record.modified_at.timestamp() if record.modified_at else 0.0


def shown(name: str, value: Any) -> Any:
    """Give a value as reports keep it: of contacts no more than a trace."""
    return masked(str(value)) if name.startswith("contact.") and value is not None else value
