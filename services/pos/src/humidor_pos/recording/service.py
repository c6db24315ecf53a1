"""Writes a return or a void: its id, its rows, its exceptions and its event in one transaction."""

import hashlib
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from humidor_common.clock import utc_now
from humidor_common.db.pool import Connection
from humidor_common.db.transaction import transaction
from humidor_common.events import Event
from humidor_common.messaging import outbox
from humidor_common.runtime import Runtime
from humidor_pos.exceptions import service as exceptions
from humidor_pos.facts.outcomes import Outcome, repeated
from humidor_pos.facts.rules import Doubt
from humidor_pos.facts.units import Factors
from humidor_pos.metrics import EXCEPTIONS, FACTS
from humidor_pos.products.catalogue import Catalogue
from humidor_pos.products.rules import Shelf
from humidor_pos.recording.marks import mark_closings
from humidor_pos.recording.registry import claim, lock_sale, note_exceptions
from humidor_pos.settings import PosSettings
from humidor_pos.terminals.directory import Terminal

_encode = msgspec.json.Encoder().encode


class Intake(msgspec.Struct, frozen=True):
    """What a fact is judged in."""

    terminal: Terminal
    now: datetime
    shelf: Shelf
    late_after: timedelta
    time_zone: str

    def factors(self, gtins: Iterable[str]) -> dict[str, Factors]:
        found = {}
        for gtin in gtins:
            product, unit = self.shelf.find(gtin, "")
            if product is not None:
                sizes = product.sticks_per_pack, product.packs_per_carton, product.cartons_per_case
                found[gtin] = Factors(*sizes, product.gtin, unit or None)
        return found


class Identified(msgspec.Struct, frozen=True):
    """Which fact it is; `sale_id` is the sale it refers to."""

    kind: str
    store_id: str
    fact_id: UUID
    happened_at: datetime
    body_hash: bytes
    sale_id: UUID | None


Write = Callable[[Connection], Awaitable[tuple[list[Doubt], Event]]]


async def intake(runtime: Runtime, terminal: Terminal) -> Intake:
    """Gather what this terminal's facts are judged in, now."""
    catalogue = runtime.get(Catalogue)
    if not catalogue.is_fresh():
        await catalogue.freshen()
    settings = runtime.get(PosSettings)
    return Intake(
        terminal=terminal,
        now=utc_now(),
        shelf=catalogue.shelf(terminal.store_id),
        late_after=timedelta(hours=settings.pos_late_after_hours),
        time_zone=settings.pos_default_time_zone,
    )


def hash_of(document: Any) -> bytes:
    """Hash what was decoded, so that the order of keys and white space make no other document."""
    return hashlib.sha256(_encode(document)).digest()


async def record(runtime: Runtime, around: Intake, fact: Identified, write: Write) -> Outcome:
    """Write a fact once. `write` stores its rows and gives its doubts and its event."""
    async with transaction(runtime.pool) as conn:
        if fact.sale_id is not None:
            await lock_sale(conn, fact.store_id, fact.sale_id)
        recorded = await claim(
            conn,
            kind=fact.kind,
            store_id=fact.store_id,
            fact_id=fact.fact_id,
            happened_at=fact.happened_at,
            body_hash=fact.body_hash,
        )
        if recorded is not None:
            outcome = repeated(fact.kind, fact.fact_id, fact.body_hash, recorded)
        else:
            outcome = await _first(conn, around, fact, write)
    if outcome.status == "accepted":
        runtime.wake_relay()
        for code in outcome.exceptions:
            EXCEPTIONS.labels(code).inc()
    FACTS.labels(fact.kind, outcome.status).inc()
    return outcome


async def _first(conn: Connection, around: Intake, fact: Identified, write: Write) -> Outcome:
    doubts, event = await write(conn)
    codes = exceptions.codes(doubts)
    await note_exceptions(conn, fact.store_id, fact.fact_id, codes)
    await raise_doubts(conn, fact, doubts, around.now)
    await mark_closings(conn, [(fact.store_id, around.terminal.terminal_id, fact.happened_at)])
    await outbox.append(conn, [event])
    return Outcome("accepted", codes)


async def raise_doubts(conn: Connection, fact: Identified, doubts: Sequence[Doubt], now: datetime) -> None:
    rows = exceptions.rows(
        doubts,
        kind=fact.kind,
        store_id=fact.store_id,
        fact_id=fact.fact_id,
        happened_at=fact.happened_at,
        now=now,
    )
    await exceptions.raise_for(conn, rows)
