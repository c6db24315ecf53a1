"""What becomes of a fact whose id may have come before."""

from uuid import UUID

import msgspec

from humidor_common.web.problems import Problem

Identity = tuple[str, bytes]
"""A store and an id: as bytes it is compared and hashed ten times as fast as a UUID."""


class Recorded(msgspec.Struct, frozen=True):
    """What stands recorded under an id."""

    kind: str
    body_hash: bytes
    exceptions: tuple[str, ...]


class Outcome(msgspec.Struct, frozen=True):
    """What became of one fact; `exceptions` are those of the first time, `problem` why it was not taken."""

    status: str
    exceptions: tuple[str, ...] = ()
    problem: Problem | None = None


def conflict(fact_id: UUID, recorded: Recorded) -> Problem:
    return Problem(
        409, "id-reused", f"The id {fact_id} was used before, for a {recorded.kind} with another content."
    )


def repeated(kind: str, fact_id: UUID, body_hash: bytes, recorded: Recorded | None) -> Outcome:
    """Judge a fact whose id is taken: the same again is a duplicate, anything else a conflict."""
    if recorded is None:
        return Outcome("rejected", problem=Problem(503, "unavailable", "Its id was taken for a moment only."))
    if recorded.kind == kind and recorded.body_hash == body_hash:
        return Outcome("duplicate", recorded.exceptions)
    return Outcome("conflict", problem=conflict(fact_id, recorded))
