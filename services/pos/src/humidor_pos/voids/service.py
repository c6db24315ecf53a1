"""Records voids."""

from typing import Any, cast

import msgspec

from humidor_common.db.pool import Connection
from humidor_common.events import Event
from humidor_common.events.pos import SaleVoided
from humidor_common.runtime import Runtime
from humidor_pos.exceptions.service import codes
from humidor_pos.facts.outcomes import Outcome
from humidor_pos.facts.rules import Doubt, Unreadable, read_lines
from humidor_pos.facts.wire import as_utc
from humidor_pos.recording.history import find_sale
from humidor_pos.recording.service import Identified, Intake, hash_of, record
from humidor_pos.voids.rules import judge_against_sale, judge_void, taken_back
from humidor_pos.voids.wire import Void

KIND = "void"

_INSERT = """
INSERT INTO voids (store_id, voided_at, void_id, sale_id, terminal_id, recorded_at, reason, clerk, lines)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
"""


async def record_void(runtime: Runtime, around: Intake, void: Void) -> Outcome:
    """Record a void once, whatever is odd about it.

    Raises:
        Unreadable: It cannot be taken as a void at all.
    """
    try:
        void.voided_at = as_utc(void.voided_at)
    except OverflowError:
        raise Unreadable("voided_at", "is outside of the calendar") from None
    if void.sale_id is None and not void.lines:
        raise Unreadable("lines", "are needed where no sale is named")
    read_lines(void.lines)

    async def write(conn: Connection) -> tuple[list[Doubt], Event]:
        doubts = list(judge_void(void, now=around.now, late_after=around.late_after))
        lines: list[Any] = list(void.lines)
        if void.sale_id is not None:
            sale = await find_sale(conn, void.store_id, void.sale_id, without=void.void_id)
            doubts.extend(judge_against_sale(void, sale))
            if sale is not None:
                lines = list(taken_back(sale))
        await _insert(conn, around, void, lines)
        return doubts, _event(around, void, lines, codes(doubts))

    fact = Identified(
        kind=KIND,
        store_id=void.store_id,
        fact_id=void.void_id,
        happened_at=void.voided_at,
        body_hash=hash_of(void),
        sale_id=void.sale_id,
    )
    return await record(runtime, around, fact, write)


async def _insert(conn: Connection, around: Intake, void: Void, lines: list[Any]) -> None:
    await conn.execute(
        _INSERT,
        void.store_id,
        void.voided_at,
        void.void_id,
        void.sale_id,
        around.terminal.terminal_id,
        around.now,
        void.reason,
        void.clerk,
        msgspec.to_builtins(lines),
    )


def _event(around: Intake, void: Void, lines: list[Any], exceptions: tuple[str, ...]) -> SaleVoided:
    return SaleVoided(
        void_id=void.void_id,
        sale_id=void.sale_id,
        store_id=void.store_id,
        terminal_id=around.terminal.terminal_id,
        voided_at=void.voided_at,
        recorded_at=around.now,
        reason=void.reason,
        lines=cast("Any", lines),
        exceptions=list(exceptions),
    )
