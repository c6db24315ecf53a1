"""Makes of a decoded sale the rows and the event that are stored of it."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Any, cast

import msgspec

from humidor_common.clock import local_date
from humidor_common.events.pos import SaleRecorded
from humidor_common.ids import uuid7_text
from humidor_pos.campaigns.rules import Campaign
from humidor_pos.exceptions import service as exceptions
from humidor_pos.facts.rules import CartonCode, Doubt, Unreadable, read_lines, storable
from humidor_pos.facts.wire import as_utc
from humidor_pos.lots.rules import Lot, LotKey
from humidor_pos.products.rules import Shelf
from humidor_pos.sales.rules import carton_doubts, judge_sale, lot_doubts, read_cartons
from humidor_pos.sales.statement import EventColumns, PreparedSale
from humidor_pos.sales.wire import Sale
from humidor_pos.terminals.directory import Terminal

EVENT = EventColumns(SaleRecorded.TYPE, SaleRecorded.TOPIC)

_encode = msgspec.json.Encoder().encode


class Surroundings(msgspec.Struct, frozen=True):
    """What a sale is judged in."""

    now: datetime
    shelf: Shelf
    late_after: timedelta
    time_zone: str
    traceparent: str | None
    lots: Mapping[LotKey, Lot] = MappingProxyType({})
    lots_by_code: Mapping[str, LotKey] = MappingProxyType({})
    campaigns: Sequence[Campaign] = ()


def prepare_sale(sale: Sale, terminal: Terminal, around: Surroundings) -> PreparedSale:
    """Judge a sale and lay it out for storing.

    Raises:
        Unreadable: It cannot be taken as a sale at all.
    """
    try:
        sale.sold_at = as_utc(sale.sold_at)
    except OverflowError:
        raise Unreadable("sold_at", "is outside of the calendar") from None
    total = read_lines(sale.lines)
    doubts, cartons = _judge(sale, total, around)
    codes = exceptions.codes(doubts) if doubts else ()
    event = _event(sale, storable(total), terminal, around.now, codes)
    return PreparedSale(
        identity=(sale.store_id, sale.sale_id.bytes),
        store_id=sale.store_id,
        sale_id=sale.sale_id,
        sold_at=sale.sold_at,
        terminal_id=terminal.terminal_id,
        body_hash=hashlib.sha256(_encode(sale)).digest(),
        exceptions=codes,
        event_id=uuid7_text(),
        payload=_encode(event),
        lines=_lines(sale, cartons) if cartons else "",
        traceparent=around.traceparent or "",
        doubt_rows=_doubt_rows(sale, doubts, around.now) if doubts else [],
        late_for_closing=terminal.closed_until is not None and sale.sold_at < terminal.closed_until,
    )


def _judge(sale: Sale, total: int, around: Surroundings) -> tuple[list[Doubt], dict[int, CartonCode | None]]:
    shelf = around.shelf
    zone = shelf.time_zone(around.time_zone)
    day = local_date(sale.sold_at, zone) if around.lots or around.campaigns else date.min
    ran = [campaign for campaign in around.campaigns if campaign.ran(day)]
    doubts = judge_sale(sale, total, now=around.now, shelf=shelf, late_after=around.late_after, campaigns=ran)
    if around.lots:
        doubts.extend(lot_doubts(sale, around.lots, around.lots_by_code, shelf, day))
    cartons = read_cartons(sale.lines, sale.sold_at, zone)
    if cartons:
        doubts.extend(carton_doubts(cartons, shelf.store.licence_number if shelf.store else None))
    return doubts, cartons


def _doubt_rows(sale: Sale, doubts: list[Doubt], now: datetime) -> list[exceptions.DoubtRow]:
    return exceptions.rows(
        doubts,
        kind="sale",
        store_id=sale.store_id,
        fact_id=sale.sale_id,
        happened_at=sale.sold_at,
        now=now,
    )


def _lines(sale: Sale, cartons: dict[int, CartonCode | None]) -> str:
    lines = [msgspec.to_builtins(line) | {"carton": cartons.get(line.line)} for line in sale.lines]
    return _encode(lines).decode()


def _event(sale: Sale, total: int, terminal: Terminal, now: datetime, codes: tuple[str, ...]) -> SaleRecorded:
    # Lines, payments and the age check have the same fields on the wire and in the event, so they are
    # encoded as they are: copying them would cost more than encoding them.
    return SaleRecorded(
        sale_id=sale.sale_id,
        store_id=sale.store_id,
        terminal_id=terminal.terminal_id,
        sold_at=sale.sold_at,
        recorded_at=now,
        currency=sale.currency,
        total=total,
        lines=cast("Any", sale.lines),
        payments=cast("Any", sale.payments),
        member_id=sale.member_id,
        age_check=cast("Any", sale.age_check),
        exceptions=cast("Any", codes),
    )
