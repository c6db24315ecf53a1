"""Who calls: a terminal by its key, or an operator by a token, as FastAPI dependencies."""

from collections.abc import Awaitable, Callable
from functools import cache
from typing import Annotated

from fastapi import Depends, Request

from humidor_common.auth import Principal
from humidor_common.clock import utc_now
from humidor_common.runtime import Runtime
from humidor_common.web.authorization import Credentials, authenticate, unauthorized
from humidor_pos.terminals.directory import Terminal, Terminals
from humidor_pos.terminals.rules import PREFIX


async def _terminal(request: Request, credentials: Credentials) -> Terminal:
    if credentials is None:
        raise unauthorized("This needs a terminal's key: Authorization: Bearer <key>.")
    runtime: Runtime = request.app.state.runtime
    terminals = runtime.get(Terminals)
    terminal = await terminals.authenticate(credentials.credentials)
    terminals.note_seen(terminal, utc_now())
    return terminal


CallingTerminal = Annotated[Terminal, Depends(_terminal)]


@cache
def terminal_or(scope: str) -> Callable[..., Awaitable[Principal]]:
    """Let a terminal through for its own store, and an operator who has the scope for theirs."""

    async def authorize(request: Request, credentials: Credentials) -> Principal:
        if credentials is not None and credentials.credentials.startswith(f"{PREFIX}_"):
            terminal = await _terminal(request, credentials)
            return Principal(
                subject=terminal.terminal_id, kind="terminal", stores=frozenset({terminal.store_id})
            )
        principal = await authenticate(request, credentials)
        principal.check_scope(scope)
        return principal

    return authorize
