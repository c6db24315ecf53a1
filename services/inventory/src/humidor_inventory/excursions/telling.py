"""Tells what changed in excursions and gaps: events through the outbox, alerts where they belong."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal, NamedTuple, cast
from uuid import UUID

from humidor_common.db.pool import Connection
from humidor_common.events.inventory import ClimateExcursion, ExposedLot
from humidor_common.messaging import outbox
from humidor_inventory.alerts.reporting import Finding, report, settle
from humidor_inventory.excursions.exposures import Exposing, write_exposures

EXCURSION = "climate_excursion"
GAP = "climate_gap"
INSIDE_AGAIN = "the zone is inside its limits again"
NEVER_OUTSIDE = "a late reading showed that it was not outside"
HEARD_AGAIN = "the device is heard of again"

Phase = Literal["started", "ended", "corrected", "withdrawn"]
UNITS = {"temperature": "c", "humidity": "pct", "light": "lux"}


class Told(NamedTuple):
    """One excursion to be told of, with its figures as they are stored."""

    excursion_id: UUID
    store_id: str
    zone_id: str
    measure: str
    phase: Phase
    started_at: datetime
    opened_at: datetime
    ended_at: datetime | None
    figures: tuple[float, ...]

    @property
    def subject(self) -> str:
        return f"{self.zone_id}/{self.measure}"


class Silent(NamedTuple):
    """A device that began to be silent, or (`since` is None) is heard of again."""

    store_id: str
    zone_id: str
    device_id: str
    since: datetime | None


async def tell_excursions(conn: Connection, told: Sequence[Told], *, now: datetime) -> None:
    """Write who lay there, the events and the alerts; an alert is open while its excursion goes on."""
    events = []
    for each in told:
        lots: tuple[list[ExposedLot], int] = ([], 0)
        if each.phase == "withdrawn":
            await conn.execute("DELETE FROM climate_exposures WHERE excursion_id = $1", each.excursion_id)
        else:
            until = each.ended_at or now
            exposing = Exposing(*each[:4], each.started_at, until, *each.figures[:2])
            lots = await write_exposures(conn, exposing, now=now)
        events.append(_event(each, lots, now))
    await outbox.append(conn, events)
    over = [each for each in told if each.phase == "withdrawn" or each.ended_at is not None]
    going_on = [each for each in told if each.phase != "withdrawn" and each.ended_at is None]
    for phase, reason in (("withdrawn", NEVER_OUTSIDE), ("ended", INSIDE_AGAIN), ("corrected", INSIDE_AGAIN)):
        ended = [(EXCURSION, each.store_id, each.subject) for each in over if each.phase == phase]
        await settle(conn, ended, reason=reason, now=now)
    await report(conn, [_finding(each) for each in going_on], now=now)


async def tell_gaps(conn: Connection, changed: Sequence[Silent], *, now: datetime) -> None:
    """No data is an alert of its own: nobody knows how the goods are kept meanwhile."""
    heard = [(GAP, each.store_id, each.device_id) for each in changed if each.since is None]
    await settle(conn, heard, reason=HEARD_AGAIN, now=now)
    silent = [
        Finding(
            kind=GAP,
            store_id=each.store_id,
            subject=each.device_id,
            figures={"zone_id": each.zone_id, "silent_since": each.since.isoformat()},
        )
        for each in changed
        if each.since is not None
    ]
    await report(conn, silent, now=now)


def _finding(told: Told) -> Finding:
    unit = UNITS[told.measure]
    figures: dict[str, Any] = {
        "zone_id": told.zone_id,
        "measure": told.measure,
        "started_at": told.started_at.isoformat(),
        f"peak_{unit}": told.figures[0],
        f"limit_{unit}": told.figures[1],
    }
    return Finding(kind=EXCURSION, store_id=told.store_id, subject=told.subject, figures=figures)


def _event(told: Told, lots: tuple[list[ExposedLot], int], now: datetime) -> ClimateExcursion:
    peak, limit, deviation, outside, unknown = told.figures
    return ClimateExcursion(
        excursion_id=told.excursion_id,
        store_id=told.store_id,
        zone_id=told.zone_id,
        phase=told.phase,
        measure=cast("Literal['temperature', 'humidity', 'light']", told.measure),
        started_at=told.started_at,
        opened_at=told.opened_at,
        ended_at=told.ended_at,
        peak_value=peak,
        limit_value=limit,
        deviation_minutes=deviation,
        outside_minutes=outside,
        unknown_minutes=unknown,
        lots=lots[0],
        lots_total=lots[1],
        told_at=now,
    )
