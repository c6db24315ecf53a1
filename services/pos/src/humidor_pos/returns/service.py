"""Records returns, and judges them again when the sale they refer to comes after them."""

from typing import Any, cast

import msgspec

from humidor_common.db.pool import Connection
from humidor_common.events import Event
from humidor_common.events.pos import SaleReturned
from humidor_common.runtime import Runtime
from humidor_pos.exceptions.service import codes
from humidor_pos.facts.outcomes import Outcome
from humidor_pos.facts.rules import Doubt, Unreadable, read_lines, storable
from humidor_pos.facts.wire import Line, as_utc
from humidor_pos.recording.history import find_sale
from humidor_pos.recording.service import Identified, Intake, hash_of, record
from humidor_pos.returns.rules import judge_against_sale, judge_return
from humidor_pos.returns.wire import Return
from humidor_pos.sales.rules import carton_doubts, read_cartons

KIND = "return"

_INSERT = """
INSERT INTO returns (store_id, returned_at, return_id, sale_id, terminal_id, recorded_at, currency, total,
                     payments, lines, reason, restock, member_id)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
"""


async def record_return(runtime: Runtime, around: Intake, returned: Return) -> Outcome:
    """Record a return once, whatever is odd about it.

    Raises:
        Unreadable: It cannot be taken as a return at all.
    """
    try:
        returned.returned_at = as_utc(returned.returned_at)
    except OverflowError:
        raise Unreadable("returned_at", "is outside of the calendar") from None
    total = read_lines(returned.lines)

    async def write(conn: Connection) -> tuple[list[Doubt], Event]:
        doubts = judge_return(returned, total, now=around.now, late_after=around.late_after)
        if returned.sale_id is not None:
            doubts.extend(await judge_with_sale(conn, around, returned))
        doubts.extend(_cartons(around, returned.lines, returned))
        await _insert(conn, around, returned, total)
        return doubts, _event(around, returned, total, codes(doubts))

    return await record(runtime, around, identify(returned), write)


def identify(returned: Return) -> Identified:
    return Identified(
        kind=KIND,
        store_id=returned.store_id,
        fact_id=returned.return_id,
        happened_at=returned.returned_at,
        body_hash=hash_of(returned),
        sale_id=returned.sale_id,
    )


async def judge_with_sale(conn: Connection, around: Intake, returned: Return) -> list[Doubt]:
    """Compare a return with its sale as it is known now."""
    if returned.sale_id is None:
        return []
    sale = await find_sale(conn, returned.store_id, returned.sale_id, without=returned.return_id)
    gtins = {line.gtin for line in returned.lines}
    if sale is not None:
        gtins.update(line.gtin for line in sale.lines)
        gtins.update(gtin for gtin, _ in sale.returned)
    return list(judge_against_sale(returned, sale, around.factors(gtins)))


def _cartons(around: Intake, lines: list[Line], returned: Return) -> list[Doubt]:
    store = around.shelf.store
    cartons = read_cartons(lines, returned.returned_at, store.time_zone if store else around.time_zone)
    return list(carton_doubts(cartons, store.licence_number if store else None))


async def _insert(conn: Connection, around: Intake, returned: Return, total: int) -> None:
    await conn.execute(
        _INSERT,
        returned.store_id,
        returned.returned_at,
        returned.return_id,
        returned.sale_id,
        around.terminal.terminal_id,
        around.now,
        returned.currency,
        storable(total),
        msgspec.to_builtins(returned.payments),
        msgspec.to_builtins(returned.lines),
        returned.reason,
        returned.restock,
        returned.member_id,
    )


def _event(around: Intake, returned: Return, total: int, exceptions: tuple[str, ...]) -> SaleReturned:
    return SaleReturned(
        return_id=returned.return_id,
        sale_id=returned.sale_id,
        store_id=returned.store_id,
        terminal_id=around.terminal.terminal_id,
        returned_at=returned.returned_at,
        recorded_at=around.now,
        currency=returned.currency,
        total=storable(total),
        lines=cast("Any", returned.lines),
        payments=cast("Any", returned.payments),
        reason=returned.reason,
        restock=returned.restock,
        member_id=returned.member_id,
        exceptions=list(exceptions),
    )
