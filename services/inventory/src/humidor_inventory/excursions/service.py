"""Judges zones into which something has come, or in which time has done something, many at once."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, cast
from uuid import UUID

import msgspec

from humidor_common.db.pool import Connection
from humidor_common.ids import uuid7
from humidor_inventory.excursions import queries
from humidor_inventory.excursions.rematch import SCALES, Change, Known, figures_of, rematch
from humidor_inventory.excursions.rules import judge
from humidor_inventory.excursions.telling import Silent, Told, tell_excursions, tell_gaps
from humidor_inventory.excursions.values import (
    MEASURES,
    Bound,
    Excursion,
    Gap,
    Happening,
    Judgement,
    Reading,
    State,
    Terms,
)

ZONES_AT_ONCE = 500
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)
_decode_state = msgspec.json.Decoder(State).decode


class _Zone(msgspec.Struct):
    """One zone while it is judged."""

    store_id: str
    zone_id: str
    state: State
    began: int
    happenings: list[Happening] = []
    known: list[Known] = []
    known_gaps: dict[tuple[int, int], int | None] = {}
    judgement: Judgement = Judgement([], [], [], None)

    @property
    def key(self) -> tuple[str, str, datetime]:
        return self.store_id, self.zone_id, moment(self.began)


async def judge_zones(conn: Connection, *, now: datetime, late: timedelta, limit: int = ZONES_AT_ONCE) -> int:
    """Judge up to `limit` zones that are due in this transaction; gives how many there were.

    `late` is how far back a reading may still come in: older checkpoints are of no use.
    """
    picked = await conn.fetch(queries.PICK, now, limit)
    if not picked:
        return 0
    zones = await _load(conn, picked)
    for zone in zones:
        zone.judgement = judge(zone.state, zone.happenings, now=ms(now))
    await _keep(conn, zones, now - late - timedelta(days=1))
    await _settle_excursions(conn, zones, now)
    await _settle_gaps(conn, zones, now)
    return len(zones)


async def _load(conn: Connection, picked: Sequence[Any]) -> list[_Zone]:
    columns = [list(column) for column in zip(*picked, strict=True)]
    dirty = {tuple(row[:2]): row[2] for row in await conn.fetch(queries.TAKE_DIRTY, *columns)}
    asked = [(*row, dirty.get(tuple(row))) for row in picked]
    states = {row[0]: _decode_state(row[1]) for row in await conn.fetch(queries.CHECKPOINTS, asked)}
    zones = []
    for n, row in enumerate(picked, 1):
        state = states.get(n, State())
        zones.append(_Zone(row[0], row[1], state, state.at))
    keys = [zone.key for zone in zones]
    await _load_terms(conn, zones, keys)
    await _load_readings(conn, zones, keys)
    for row in await conn.fetch(queries.KNOWN, keys):
        zones[row[0] - 1].known.append(_known(*row[1:]))
    for n, device_no, started, ended in await conn.fetch(queries.KNOWN_GAPS, keys):
        zones[n - 1].known_gaps[device_no, ms(started)] = None if ended is None else ms(ended)
    return zones


async def _load_terms(conn: Connection, zones: Sequence[_Zone], keys: Sequence[Any]) -> None:
    seen = set()
    for n, effective_from, *terms in await conn.fetch(queries.TERMS, keys):
        zone = zones[n - 1]
        # What was measured before anybody set limits is judged by the first ones.
        at = ms(effective_from) if n in seen else 0
        seen.add(n)
        if at >= zone.began:
            zone.happenings.append(Happening.of(at, _terms(*terms)))


async def _load_readings(conn: Connection, zones: Sequence[_Zone], keys: Sequence[Any]) -> None:
    asked = []
    for n, device_no, bound_from, bound_until in await conn.fetch(queries.BINDINGS, keys):
        zone = zones[n - 1]
        if ms(bound_from) >= zone.began:
            zone.happenings.append(Happening.of(ms(bound_from), Bound(device_no, begins=True)))
        if bound_until is not None:
            zone.happenings.append(Happening.of(ms(bound_until), Bound(device_no, begins=False)))
        asked.append((n, device_no, max(bound_from, moment(zone.began)), bound_until))
    if not asked:
        return
    earliest = min(each[2] for each in asked)
    for n, device_no, measured_at, *values in await conn.fetch(queries.READINGS, asked, earliest):
        reading = Reading(device_no, cast("tuple[int | None, int | None, int | None]", tuple(values)))
        zones[n - 1].happenings.append(Happening.of(ms(measured_at), reading))


async def _keep(conn: Connection, zones: Sequence[_Zone], oldest: datetime) -> None:
    await conn.execute(queries.DROP_CHECKPOINTS, [(*zone.key, oldest) for zone in zones])
    kept = [
        (zone.store_id, zone.zone_id, moment(at), msgspec.Raw(state))
        for zone in zones
        for at, state in zone.judgement.checkpoints
    ]
    if kept:
        await conn.execute(queries.KEEP_CHECKPOINTS, kept)
        await conn.execute(
            queries.THIN_CHECKPOINT, [zone.key for zone in zones if zone.judgement.checkpoints]
        )
    due = [
        (z.store_id, z.zone_id, None if z.judgement.due is None else moment(z.judgement.due)) for z in zones
    ]
    await conn.execute(queries.WATCH, due)


async def _settle_excursions(conn: Connection, zones: Sequence[_Zone], now: datetime) -> None:
    rows: list[tuple[Any, ...]] = []
    told: list[Told] = []
    for zone in zones:
        known = {each.excursion_id: each for each in zone.known}
        for change in rematch(zone.known, zone.judgement.excursions):
            told_of = _told(zone, change, known)
            figures = told_of.figures
            unchanged = change.phase == "going_on" and known[told_of.excursion_id].figures == figures
            if not unchanged:
                state = "open" if told_of.ended_at is None else "ended"
                state = "withdrawn" if change.phase == "withdrawn" else state
                rows.append((*told_of[:4], state, *told_of[5:8], *figures))
            if change.phase != "going_on":
                if change.excursion_id is None and change.phase == "ended":
                    told.append(told_of._replace(phase="started", ended_at=told_of.ended_at))
                told.append(told_of)
    if rows:
        await conn.execute(queries.STORE_EXCURSIONS, rows, now)
    if told:
        await tell_excursions(conn, told, now=now)


def _known(excursion_id: UUID, measure: str, *columns: Any) -> Known:
    started, opened, ended, *figures = columns
    span = (ms(started), ms(opened), None if ended is None else ms(ended))
    return Known(excursion_id, MEASURES.index(measure), *span, tuple(figures))


def _told(zone: _Zone, change: Change, known: dict[UUID, Known]) -> Told:
    excursion_id = change.excursion_id or uuid7()
    phase = cast('Literal["started", "ended", "corrected", "withdrawn"]', change.phase)
    if change.excursion is None:
        was = known[excursion_id]
        ended_at = moment(was.started if was.ended is None else was.ended)
        where = (zone.store_id, zone.zone_id, MEASURES[was.measure])
        begun, opened = moment(was.started), moment(was.opened)
        return Told(excursion_id, *where, phase, begun, opened, ended_at, was.figures)
    found: Excursion = change.excursion
    run = found.run
    where = (zone.store_id, zone.zone_id, MEASURES[found.measure])
    opened = moment(run.started if run.opened is None else run.opened)
    ended = None if found.ended is None else moment(found.ended)
    return Told(excursion_id, *where, phase, moment(run.started), opened, ended, figures_of(found))


async def _settle_gaps(conn: Connection, zones: Sequence[_Zone], now: datetime) -> None:
    rows, gone = [], []
    changed: list[tuple[_Zone, int, int | None]] = []
    for zone in zones:
        found = {(gap.device, gap.started): gap for gap in zone.judgement.gaps}
        for key, gap in found.items():
            if key not in zone.known_gaps or zone.known_gaps[key] != gap.ended:
                rows.append(_gap_row(zone, gap))
        gone += [(device, moment(at)) for device, at in zone.known_gaps if (device, at) not in found]
        changed += _silences(zone)
    if gone:
        await conn.execute(queries.DROP_GAPS, gone)
    if rows:
        await conn.execute(queries.STORE_GAPS, rows)
    if changed:
        devices = [device for _, device, _ in changed]
        found_names = await conn.fetch(
            "SELECT device_no, device_id FROM climate_devices WHERE device_no = ANY($1)", devices
        )
        names = {row[0]: row[1] for row in found_names}
        silent = [
            Silent(zone.store_id, zone.zone_id, names[device], None if at is None else moment(at))
            for zone, device, at in changed
        ]
        await tell_gaps(conn, silent, now=now)


def _silences(zone: _Zone) -> list[tuple[_Zone, int, int | None]]:
    before = {device: at for (device, at), ended in zone.known_gaps.items() if ended is None}
    after = {gap.device: gap.started for gap in zone.judgement.gaps if gap.ended is None}
    silences: list[tuple[_Zone, int, int | None]] = [
        (zone, device, None) for device in sorted(before) if device not in after
    ]
    silences += [(zone, device, at) for device, at in sorted(after.items()) if before.get(device) != at]
    return silences


def _gap_row(zone: _Zone, gap: Gap) -> tuple[Any, ...]:
    ended = None if gap.ended is None else moment(gap.ended)
    return gap.device, moment(gap.started), ended, zone.store_id, zone.zone_id


def _terms(*columns: Any) -> Terms:
    *limits, grace_minutes, interval_seconds, gap_intervals, policy = columns
    scales = (SCALES[0], SCALES[0], SCALES[1], SCALES[1], SCALES[2])
    low_c, high_c, low_pct, high_pct, lux = (
        None if value is None else round(value * scale) for value, scale in zip(limits, scales, strict=True)
    )
    return Terms(
        ((low_c, high_c), (low_pct, high_pct), (None, lux)),
        grace_minutes * 60_000,
        interval_seconds * gap_intervals * 1000,
        policy,
    )


def ms(at: datetime) -> int:
    """Give the milliseconds since 1970."""
    return (at - _EPOCH) // _MS


def moment(at: int) -> datetime:
    return _EPOCH + at * _MS
