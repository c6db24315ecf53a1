"""Makes of a path the request by which the app asks its own list."""

from collections.abc import Iterable
from urllib.parse import unquote

from starlette.types import Scope

PREFIX = "/customers"
"""What the gateway puts before the paths of this service."""


def scope_of(path: str, headers: Iterable[tuple[bytes, bytes]]) -> Scope:
    """Make the scope of a GET of a path with its query."""
    bare, _, query = path.removeprefix(PREFIX).partition("?")
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": unquote(bare, errors="replace"),
        "raw_path": bare.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": list(headers),
        "client": None,
        "server": None,
    }
