"""What a service holds of members, declared once."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from humidor_common.db.pool import Connection
from humidor_common.events.persons import ErasedPart, PersonErased, PersonExported


@dataclass(frozen=True)
class Holding:
    """One kind of data about members.

    Args:
        name: In answers and proofs: `sales`.
        stays: What is left when it is erased, and why; "" for nothing.
        erase: Erases all of it of some members; gives how many rows of each it changed or deleted.
        export: Gives all of it of one member, in words that the member can read.
    """

    name: str
    stays: str
    erase: Callable[[Connection, Sequence[str]], Awaitable[Mapping[str, int]]]
    export: Callable[[Connection, str], Awaitable[Any]]


@dataclass(frozen=True)
class Purpose:
    """What personal data is kept for, and how it goes when it has served its purpose.

    Args:
        name: `purchase_history`.
        keeps: What is kept for it, what its age is counted from, and what becomes of it.
        due: Counts what is older than a moment.
        expire: Does away with some of that, at most so many; gives how many.
        default_keep_days: What holds while nobody has set another rule; None keeps it for ever.
        piece_rows: How many go in one transaction.
    """

    name: str
    keeps: str
    due: Callable[[Connection, datetime], Awaitable[int]]
    expire: Callable[[Connection, datetime, int], Awaitable[int]]
    default_keep_days: int | None = None
    piece_rows: int = 500


@dataclass(frozen=True)
class Privacy:
    """What a service holds of members, what for, and by which events it answers.

    A service without `erased` and `exported` is the one that asks.
    """

    service: str
    holdings: tuple[Holding, ...] = ()
    purposes: tuple[Purpose, ...] = ()
    erased: type[PersonErased] | None = None
    exported: type[PersonExported] | None = None


async def counts(conn: Connection, statement: str, member_ids: Sequence[str]) -> dict[str, int]:
    """Run a statement over members ($1) that gives each with a number of rows."""
    return {row[0]: row[1] for row in await conn.fetch(statement, list(member_ids))}


async def erase(
    conn: Connection, holdings: Sequence[Holding], member_ids: Sequence[str]
) -> dict[str, list[ErasedPart]]:
    """Erase what there is of some members, in the order of their ids so that two never deadlock."""
    ordered = sorted(set(member_ids))
    parts: dict[str, list[ErasedPart]] = {member_id: [] for member_id in ordered}
    for holding in holdings:
        rows = await holding.erase(conn, ordered)
        for member_id, told in parts.items():
            told.append(ErasedPart(holding=holding.name, rows=rows.get(member_id, 0), stays=holding.stays))
    return parts


async def gather(conn: Connection, privacy: Privacy, member_id: str, *, now: datetime) -> bytes:
    """Gather what there is of one member: a JSON document by the names of the holdings."""
    about = {"service": privacy.service, "gathered_at": now}
    return msgspec.json.encode(
        about | {each.name: await each.export(conn, member_id) for each in privacy.holdings}
    )
