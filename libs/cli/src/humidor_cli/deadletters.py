"""Dead letters of all services behind one face."""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from humidor_cli.client import Client, RefusedError
from humidor_cli.errors import CliError

_NOT_FOUND = 404
_CONFLICT = 409


class Settled(msgspec.Struct):
    """What became of one dead letter: its new state, or why it stays open."""

    service: str
    dead_letter_id: str
    state: str
    detail: str = ""


def list_letters(client: Client, service: str | None, state: str) -> Iterator[dict[str, Any]]:
    """Yield the dead letters of one service or of all, the oldest of each first."""
    for name in _services(client, service):
        for letter in client.pages(name, "/v1/dead-letters", state=state):
            yield {"service": name, **letter}


def find_letter(client: Client, dead_letter_id: str) -> dict[str, Any]:
    """Find a dead letter by its id, whichever service has it.

    Raises:
        CliError: No service has it.
    """
    for name in _services(client, None):
        try:
            return {"service": name, **client.get(name, f"/v1/dead-letters/{dead_letter_id}")}
        except RefusedError as error:
            if error.status != _NOT_FOUND:
                raise
    raise CliError(f"no service has a dead letter {dead_letter_id}")


def retry(client: Client, letters: Sequence[dict[str, Any]]) -> list[Settled]:
    """Apply each again in its owning service, in the order given; one that fails stays open."""
    return [_settle(client, letter, "retry", None) for letter in letters]


def drop(client: Client, letters: Sequence[dict[str, Any]], reason: str) -> list[Settled]:
    """Give each up for good."""
    return [_settle(client, letter, "drop", {"reason": reason}) for letter in letters]


def _settle(client: Client, letter: dict[str, Any], action: str, body: dict[str, str] | None) -> Settled:
    service, identity = letter["service"], letter["dead_letter_id"]
    try:
        answer = client.call(service, "POST", f"/v1/dead-letters/{identity}:{action}", body=body)
    except RefusedError as error:
        if error.status != _CONFLICT:
            raise
        return Settled(service, identity, "open", str(error.problem.get("detail") or ""))
    return Settled(service, identity, answer.document["state"])


def _services(client: Client, service: str | None) -> list[str]:
    if service is None:
        return list(client.target.addresses)
    client.target.address(service)
    return [service]
