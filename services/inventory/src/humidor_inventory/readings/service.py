"""Takes readings, whichever way they came: who may say what of which sensor, and what is stored of it."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple

import msgspec

from humidor_common.auth.machine_keys import fits
from humidor_common.db.pool import Connection
from humidor_inventory.readings import queries
from humidor_inventory.readings.metrics import READINGS
from humidor_inventory.readings.refusals import Channel, Refusal, note_refusals
from humidor_inventory.readings.rules import Measured, Offsets, measured, newer, refuse
from humidor_inventory.readings.wire import Reading, Refused


class Push(NamedTuple):
    """One reading and who sent it; `store_id` is the store it was sent as of, None where the key says it."""

    device_id: str
    store_id: str | None
    reading: Reading


class Binding(NamedTuple):
    """Where a sensor hung, and from when until when."""

    bound_from: datetime
    bound_until: datetime | None
    store_id: str
    zone_id: str


class Device(NamedTuple):
    """A device as it is now, and where it has hung of late."""

    device_id: str
    device_no: int
    store_id: str
    kind: str
    state: str
    key_hash: bytes
    offsets: Offsets
    bindings: tuple[Binding, ...]

    def hung(self, at: datetime) -> Binding | None:
        """Find where it hung at a moment."""
        for each in self.bindings:
            if each.bound_from <= at and (each.bound_until is None or at < each.bound_until):
                return each
        return None


class Taken(NamedTuple):
    """What became of a batch, by the place in it."""

    accepted: int
    duplicates: list[int]
    refused: list[Refused]


async def take_readings(
    conn: Connection,
    pushes: Sequence[Push | Refused],
    *,
    channel: Channel,
    now: datetime,
    late: timedelta,
    needs_keys: bool = False,
) -> Taken:
    """Check and store a batch in this transaction, its rollups with it; the same again changes nothing.

    What could not even be read stands among `pushes` as refused, and is noted as of the sender of the others.
    """
    devices = await load_devices(conn, _named(pushes), now - late)
    taking = _Taking(devices, needs_keys=needs_keys)
    for index, push in enumerate(pushes):
        if isinstance(push, Refused):
            taking.refused.append(push)
        else:
            taking.take(index, push, now=now, late=late)
    if taking.rows:
        await _store(conn, taking, now)
    await note_refusals(conn, _refusals(taking.refused, pushes, devices), channel=channel, now=now)
    count_outcomes(channel, len(taking.rows) - taking.known, len(taking.duplicates), len(taking.refused))
    return Taken(
        len(taking.rows) - taking.known, sorted(taking.duplicates), sorted(taking.refused, key=_index)
    )


def count_outcomes(channel: Channel, accepted: int, duplicates: int, refused: int) -> None:
    """Count readings for the metrics."""
    for outcome, count in (("accepted", accepted), ("duplicate", duplicates), ("refused", refused)):
        if count:
            READINGS.labels(channel, outcome).inc(count)


async def load_devices(conn: Connection, device_ids: Iterable[str], since: datetime) -> dict[str, Device]:
    """Load devices by id, with the bindings that held after `since`."""
    rows = await conn.fetch(queries.DEVICES, list(device_ids), since)
    return {device_id: _device(list(each)) for device_id, each in groupby(rows, itemgetter(0))}


class _Taking:
    """A batch while it is judged, reading by reading."""

    def __init__(self, devices: dict[str, Device], *, needs_keys: bool) -> None:
        self._devices = devices
        self._needs_keys = needs_keys
        self._places: dict[tuple[int, datetime], int] = {}
        self.rows: list[tuple[Any, ...]] = []
        self.places: list[int] = []
        self.newest: dict[int, Measured] = {}
        self.duplicates: list[int] = []
        self.refused: list[Refused] = []
        self.known = 0

    def take(self, index: int, push: Push, *, now: datetime, late: timedelta) -> None:
        sensor = self._sensor(index, push)
        refusal = sensor if isinstance(sensor, Refused) else refuse(index, push.reading, now=now, late=late)
        if refusal is not None or isinstance(sensor, Refused):
            self.refused.append(refusal or Refused(index, "malformed", ""))
            return
        found = measured(push.reading, sensor.offsets)
        hung = sensor.hung(found.measured_at)
        if hung is None:
            self.refused.append(Refused(index, "not_hung", "ts: the sensor hung in no zone then"))
            return
        key = (sensor.device_no, found.measured_at)
        if key in self._places:
            self._repeat(index, self.rows[self._places[key]], found)
            return
        self._places[key] = len(self.rows)
        self.places.append(index)
        self.rows.append((*key, *found[1:5], hung.store_id, hung.zone_id))
        newest = self.newest.get(sensor.device_no)
        self.newest[sensor.device_no] = found if newest is None else newer(newest, found)

    def conflict(self, index: int) -> None:
        detail = "ts: the sensor said something else of this moment before"
        self.refused.append(Refused(index, "conflict", detail))

    def _repeat(self, index: int, row: tuple[Any, ...], found: Measured) -> None:
        if row[2:5] == found[1:4]:
            self.duplicates.append(index)
        else:
            self.conflict(index)

    def _sensor(self, index: int, push: Push) -> Device | Refused:
        """Find the sensor that a reading is of, if the sender may say it."""
        sender = self._devices.get(push.device_id)
        refusal: tuple[str, str] | None = None
        if sender is None:
            return Refused(index, "unknown_device", "there is no such device")
        if sender.state != "active":
            refusal = ("revoked", "the device is shut out")
        elif push.store_id not in {None, sender.store_id}:
            refusal = ("wrong_store", "the device is not of this store")
        elif not self._key_fits(push.reading.key, sender):
            refusal = ("wrong_key", "key: is missing or wrong")
        sensor = self._devices.get(push.reading.sensor_id or sender.device_id)
        if refusal is None and (sensor is None or not _speaks_for(sender, sensor)):
            refusal = ("unknown_sensor", "sensor_id: is no sensor that this device may speak for")
        if refusal is not None or sensor is None:
            return Refused(index, *(refusal or ("unknown_sensor", "")))
        return sensor

    def _key_fits(self, key: str | None, sender: Device) -> bool:
        if key is None:
            return not self._needs_keys
        return fits(key, sender.key_hash)


def _speaks_for(sender: Device, sensor: Device) -> bool:
    """A sensor speaks for itself, a hub for the sensors in use of its store."""
    if sender.kind == "hub":
        return sensor.kind == "sensor" and sensor.state == "active" and sensor.store_id == sender.store_id
    return sensor.device_id == sender.device_id


async def _store(conn: Connection, taking: _Taking, now: datetime) -> None:
    for n, same in await conn.fetch(queries.STORE, taking.rows, now):
        taking.known += 1
        if same:
            taking.duplicates.append(taking.places[n - 1])
        else:
            taking.conflict(taking.places[n - 1])
    seen = [
        (device_no, each.measured_at, *each[1:4], each.battery_pct)
        for device_no, each in sorted(taking.newest.items())
    ]
    await conn.execute(queries.SEEN, seen, now)


def _named(pushes: Sequence[Push | Refused]) -> set[str]:
    sent = [push for push in pushes if isinstance(push, Push)]
    named = {push.reading.sensor_id for push in sent if push.reading.sensor_id}
    return {
        each for each in {push.device_id for push in sent} | named if each.isascii() and "\x00" not in each
    }


def _refusals(
    refused: Sequence[Refused], pushes: Sequence[Push | Refused], devices: dict[str, Device]
) -> list[Refusal]:
    found = []
    for each in refused:
        push = pushes[each.index]
        known = devices.get(push.device_id) if isinstance(push, Push) else None
        sample = msgspec.json.encode(_without_key(push.reading)).decode() if isinstance(push, Push) else ""
        found.append(
            Refusal(
                store_id=known.store_id if known else "",
                device_id=known.device_id if known else "",
                code=each.code,
                detail=each.detail,
                sample=sample,
            )
        )
    return found


def _without_key(reading: Reading) -> Reading:
    return msgspec.structs.replace(reading, key=None)


def _device(rows: list[Any]) -> Device:
    first = tuple(rows[0])
    bindings = tuple(Binding(*row[8:12]) for row in rows if row[8] is not None)
    device_id, device_no, store_id, kind, state, key_hash = first[:6]
    offsets = Offsets(first[6], first[7])
    return Device(device_id, device_no, store_id, kind, state, key_hash, offsets, bindings)


def _index(refused: Refused) -> int:
    return refused.index
