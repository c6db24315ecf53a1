"""When a request is due, what was erased in all, and a chain of proof that nobody can change unnoticed."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple, TypeAlias
from uuid import UUID

import msgspec

from humidor_common.events.persons import ErasedPart

Kind: TypeAlias = Literal["export", "erasure"]
State: TypeAlias = Literal["received", "running", "completed", "refused"]

ANSWER_DAYS = 30
"""Within a month (GDPR article 12), within 30 days (GB/T 35273-2020, 8.7); PIPL article 50: in time."""

ROOT = "0" * 64
"""What the first link is chained to."""


class Link(NamedTuple):
    """One link of the chain; `entry` is JSON, word for word what was hashed."""

    seq: int
    entry: str
    previous: str
    hash: str


def due_at(received_at: datetime) -> datetime:
    """Give the moment until which a request has to be answered."""
    return received_at + timedelta(days=ANSWER_DAYS)


def write_entry(seq: int, request_id: UUID, what: str, at: datetime, facts: Mapping[str, Any]) -> str:
    """Write an entry down: JSON with its names in order, so that the same facts are always the same text.

    Example:
        `{"at":"2026-11-26T04:00:00Z","request_id":"…","rows":3,"seq":7,"what":"erased"}`
    """
    entry = {**facts, "seq": seq, "request_id": request_id, "what": what, "at": at}
    return msgspec.json.encode(entry, order="sorted").decode()


def link(previous: Link | None, entry: str) -> Link:
    """Chain an entry to the link before: SHA-256 over that one's hash, a line feed and the entry."""
    before = previous.hash if previous else ROOT
    return Link(previous.seq + 1 if previous else 1, entry, before, digest(before, entry))


def digest(previous: str, entry: str) -> str:
    return hashlib.sha256(f"{previous}\n{entry}".encode()).hexdigest()


def first_broken(links: Iterable[Link]) -> int | None:
    """Find the first link that does not hold, by its number; None where all do.

    Each has to have the hash of what it says, and those with neighbouring numbers have to be chained.
    """
    before: Link | None = None
    for each in links:
        follows = before is None or before.seq + 1 != each.seq or before.hash == each.previous
        if not follows or digest(each.previous, each.entry) != each.hash:
            return each.seq
        before = each
    return None


def add_parts(known: Sequence[ErasedPart], more: Sequence[ErasedPart]) -> list[ErasedPart]:
    """Add what was erased later to what was before, by holding and in the order in which they first came."""
    rows: dict[str, ErasedPart] = {}
    for part in (*known, *more):
        before = rows[part.holding].rows if part.holding in rows else 0
        rows[part.holding] = msgspec.structs.replace(part, rows=before + part.rows)
    return list(rows.values())
