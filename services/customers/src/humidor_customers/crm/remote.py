"""What every CRM does for us, and how it fails."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any, NamedTuple, Protocol, TypeAlias

import msgspec

from humidor_customers.crm.rules import Codec

Cursor: TypeAlias = dict[str, Any]


class RemoteRecord(NamedTuple):
    """A record over there; its fields are those of the mapping, None where empty."""

    remote_id: str
    fields: dict[str, Any]
    modified_at: datetime | None = None
    gone: bool = False


class RemotePage(NamedTuple):
    """Some records; `cursor` leads to the next ones and is None on the last page.

    `unreadable` counts what had no id. `server_time` is the other side's clock, by which the next run asks.
    """

    records: list[RemoteRecord]
    cursor: Cursor | None = None
    unreadable: int = 0
    server_time: datetime | None = None


class Outgoing(NamedTuple):
    """A record to be changed (`remote_id`) or made (None), with `match`, by which it may be there already."""

    remote_id: str | None
    fields: dict[str, Any]
    match: dict[str, Any]


class Written(NamedTuple):
    """What became of one record; `code` where it was refused."""

    remote_id: str | None
    code: str | None = None
    field: str = ""
    message: str = ""
    modified_at: datetime | None = None


class Access(msgspec.Struct, frozen=True, kw_only=True):
    """A token that is good for a time, and what came with it."""

    token: str
    expires_at: datetime
    more: dict[str, str] = msgspec.field(default_factory=dict)


KeepAccess: TypeAlias = Callable[[Access], Awaitable[None]]


class RemoteError(Exception):
    """A CRM that does not do what it is asked; `code` is a stable name, the message is for a person."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class RemoteBusy(RemoteError):  # noqa: N818 - says how it is
    """It may well do it later: the run waits and goes on where it was."""

    def __init__(self, code: str, message: str, *, after_seconds: float | None = None) -> None:
        super().__init__(code, message)
        self.after_seconds = after_seconds


class RemoteRefused(RemoteError):  # noqa: N818 - says what it has done
    """It will not, until somebody changes something: the run ends."""


class CursorLost(RemoteError):  # noqa: N818 - says what has happened
    """The place in its list is not known any more: the list begins anew."""


class Remote(Protocol):
    """A CRM, for one object and its mapping.

    Raises:
        RemoteBusy, RemoteRefused: Any call. CursorLost: those that take a cursor.
    """

    codec: Codec
    written_at_once: int

    async def changed(self, since: datetime | None, cursor: Cursor | None) -> RemotePage:
        """Give records that changed since, all where that is None; each at least once."""

    async def deleted(self, since: datetime | None, cursor: Cursor | None) -> RemotePage:
        """Give records that were deleted, where `changed` does not."""

    async def get(self, remote_ids: Sequence[str]) -> list[RemoteRecord]:
        """Give up to 100 records; one that is not there is missing."""

    async def write(self, records: Sequence[Outgoing]) -> list[Written]:
        """Change or make records, in their order; the same again does no harm."""
