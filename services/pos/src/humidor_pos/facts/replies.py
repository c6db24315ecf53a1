"""The answers to a fact: 201 the first time, 200 with the same body for the same again."""

from typing import Any

import msgspec

from humidor_pos.facts.http import RawAnswer, answer
from humidor_pos.facts.outcomes import Outcome

_encode = msgspec.json.Encoder().encode


def accepted(name: str, fact_id: object, outcome: Outcome) -> RawAnswer:
    """Answer a fact that is stored.

    Raises:
        Problem: It was not.
    """
    if outcome.problem is not None:
        raise outcome.problem
    status = 201 if outcome.status == "accepted" else 200
    if not outcome.exceptions:
        return RawAnswer(
            status,
            b'{"%s":"%s","status":"accepted","exceptions":[]}' % (name.encode(), str(fact_id).encode()),
        )
    body = {name: str(fact_id), "status": "accepted", "exceptions": outcome.exceptions}
    return RawAnswer(status, _encode(body))


def describe(name: str, example_id: object) -> dict[int | str, dict[str, Any]]:
    """Describe both answers for OpenAPI."""
    example = {name: example_id, "status": "accepted", "exceptions": []}
    schema = {
        "type": "object",
        "required": [name, "status", "exceptions"],
        "properties": {
            name: {"type": "string", "format": "uuid"},
            "status": {"const": "accepted"},
            "exceptions": {"type": "array", "items": {"type": "string"}},
        },
    }
    return {
        200: answer("The same again", schema, example),
        201: answer("It is stored; `exceptions` names what a person will look at", schema, example),
    }
