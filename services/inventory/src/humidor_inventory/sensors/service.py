"""Registers devices, moves them between zones, changes their keys and shuts them out."""

from datetime import datetime
from typing import Any

from humidor_common import audit
from humidor_common.auth import Principal
from humidor_common.auth.machine_keys import hash_key, make_key
from humidor_common.db.pool import Connection
from humidor_common.ids import uuid7
from humidor_common.web.problems import Problem, invalid, not_found
from humidor_inventory.inputs import check_match
from humidor_inventory.sensors.rules import PREFIX, broker_hash
from humidor_inventory.sensors.schemas import DeviceInput, DeviceKey, DeviceView, NewDevice
from humidor_inventory.zones.service import check_since, check_zone, lock_zones, mark_dirty

_VIEW = """
SELECT d.device_id, d.store_id, d.zone_id, d.kind, d.name, d.temperature_offset_c, d.humidity_offset_pct,
       d.calibrated_on, d.state, d.version, d.created_at, d.changed_at, s.last_seen_at, s.measured_at,
       s.temperature_centi_c / 100.0::float8 AS temperature_c,
       s.humidity_centi_pct / 100.0::float8 AS humidity_pct, s.light_deci_lux / 10.0::float8 AS light_lux,
       s.battery_pct, s.online
FROM climate_devices d LEFT JOIN climate_device_states s USING (device_no)
"""
_CREDENTIALS_CHANGED = "UPDATE climate_credentials SET revision = revision + 1"


async def register_device(
    conn: Connection, principal: Principal, new: NewDevice, *, now: datetime
) -> DeviceKey:
    """Register a device of a store; the answer holds the only copy of its key."""
    since = check_since(new.since, now, "since")
    await _check_place(conn, new)
    device_id = new.device_id or uuid7().hex
    key = make_key(PREFIX, device_id)
    made = await conn.fetchval(
        """INSERT INTO climate_devices (device_id, store_id, zone_id, kind, name, temperature_offset_c,
                                        humidity_offset_pct, calibrated_on, state, key_hash, broker_hash,
                                        version, created_at, changed_at)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'active', $9, $10, 1, $11, $11)
           ON CONFLICT (device_id) DO NOTHING RETURNING device_no""",
        device_id,
        *_columns(new),
        hash_key(key),
        broker_hash(key),
        now,
    )
    if made is None:
        raise Problem(409, "device-exists", f"There is a device {device_id} already.")
    await _bind(conn, made, new, since)
    await conn.execute(_CREDENTIALS_CHANGED)
    after = new.model_dump(mode="json")
    await audit.record(conn, principal, "register", "climate_device", device_id, after=after)
    return _shown(device_id, new.store_id, key)


async def change_device(
    conn: Connection,
    principal: Principal,
    device: tuple[str, DeviceInput],
    *,
    if_match: str | None,
    now: datetime,
) -> DeviceView:
    """Change a device or hang it elsewhere: what it measured before counts where it hung then."""
    device_id, given = device
    before, device_no = await _lock(conn, principal, device_id)
    check_match(if_match, before.version)
    if before.state == "revoked":
        raise Problem(409, "device-revoked", "A revoked device stays as it is; register another one.")
    if given.kind != before.kind:
        raise invalid("kind", "stays what it is")
    since = check_since(given.since, now, "since")
    await _check_place(conn, given)
    same = all(getattr(before, name) == getattr(given, name) for name in _names())
    if same:
        return before
    await conn.execute(
        """UPDATE climate_devices SET store_id = $2, zone_id = $3, kind = $4, name = $5,
                  temperature_offset_c = $6, humidity_offset_pct = $7, calibrated_on = $8,
                  version = version + 1, changed_at = $9
           WHERE device_id = $1""",
        device_id,
        *_columns(given),
        now,
    )
    if (before.store_id, before.zone_id) != (given.store_id, given.zone_id):
        await _unbind(conn, device_no, since)
        await _bind(conn, device_no, given, since)
    after = await get_device(conn, principal, device_id)
    await _note(conn, principal, "change", before, after)
    return after


async def rotate_key(conn: Connection, principal: Principal, device_id: str, *, now: datetime) -> DeviceKey:
    """Give a device another key; the old one ends at once over HTTP, and with the password file over MQTT."""
    device, _ = await _lock(conn, principal, device_id)
    if device.state == "revoked":
        raise Problem(409, "device-revoked", "A revoked device gets no new key; register another one.")
    key = make_key(PREFIX, device_id)
    await conn.execute(
        "UPDATE climate_devices SET key_hash = $2, broker_hash = $3, changed_at = $4 WHERE device_id = $1",
        device_id,
        hash_key(key),
        broker_hash(key),
        now,
    )
    await conn.execute(_CREDENTIALS_CHANGED)
    await audit.record(conn, principal, "rotate-key", "climate_device", device_id)
    return _shown(device_id, device.store_id, key)


async def revoke_device(
    conn: Connection, principal: Principal, device_id: str, *, now: datetime
) -> DeviceView:
    """Shut a device out for good; doing it again changes nothing."""
    before, device_no = await _lock(conn, principal, device_id)
    if before.state == "revoked":
        return before
    await conn.execute(
        "UPDATE climate_devices SET state = 'revoked', changed_at = $2 WHERE device_id = $1", device_id, now
    )
    await _unbind(conn, device_no, now)
    await conn.execute(_CREDENTIALS_CHANGED)
    after = await get_device(conn, principal, device_id)
    await _note(conn, principal, "revoke", before, after)
    return after


async def get_device(conn: Connection, principal: Principal, device_id: str) -> DeviceView:
    row = await conn.fetchrow(f"{_VIEW} WHERE d.device_id = $1", device_id)
    if row is None:
        raise not_found("device", device_id)
    principal.check_store(row["store_id"])
    return DeviceView(**row)


async def list_devices(
    conn: Connection, visible: list[str] | None, *, after: str, limit: int
) -> list[DeviceView]:
    rows = await conn.fetch(
        f"{_VIEW} WHERE d.device_id > $1 AND ($2::text[] IS NULL OR d.store_id = ANY($2))"
        " ORDER BY d.device_id LIMIT $3",
        after,
        visible,
        limit,
    )
    return [DeviceView(**row) for row in rows]


async def _lock(conn: Connection, principal: Principal, device_id: str) -> tuple[DeviceView, int]:
    device_no = await conn.fetchval(
        "SELECT device_no FROM climate_devices WHERE device_id = $1 FOR UPDATE", device_id
    )
    return await get_device(conn, principal, device_id), device_no


async def _check_place(conn: Connection, given: DeviceInput) -> None:
    if not await conn.fetchval("SELECT true FROM stores WHERE store_id = $1", given.store_id):
        raise invalid("store_id", f"there is no store {given.store_id}")
    if given.zone_id is not None:
        await lock_zones(conn, given.store_id)
        await check_zone(conn, given.store_id, given.zone_id, "zone_id")


async def _bind(conn: Connection, device_no: int, given: DeviceInput, since: datetime) -> None:
    if given.zone_id is not None:
        await conn.execute(
            "INSERT INTO climate_bindings (device_no, bound_from, store_id, zone_id) VALUES ($1, $2, $3, $4)",
            device_no,
            since,
            given.store_id,
            given.zone_id,
        )
        await mark_dirty(conn, [(given.store_id, given.zone_id, since)])


async def _unbind(conn: Connection, device_no: int, since: datetime) -> None:
    bound = await conn.fetchrow(
        """SELECT store_id, zone_id, bound_from FROM climate_bindings
           WHERE device_no = $1 AND bound_until IS NULL""",
        device_no,
    )
    if bound is None:
        return
    if since <= bound["bound_from"]:
        raise invalid("since", "the device has hung in its zone since then")
    await conn.execute(
        "UPDATE climate_bindings SET bound_until = $2 WHERE device_no = $1 AND bound_until IS NULL",
        device_no,
        since,
    )
    await mark_dirty(conn, [(bound["store_id"], bound["zone_id"], since)])


def _names() -> tuple[str, ...]:
    return (
        "store_id",
        "zone_id",
        "kind",
        "name",
        "temperature_offset_c",
        "humidity_offset_pct",
        "calibrated_on",
    )


def _columns(given: DeviceInput) -> list[Any]:
    return [getattr(given, name) for name in _names()]


def _shown(device_id: str, store_id: str, key: str) -> DeviceKey:
    return DeviceKey(device_id=device_id, key=key, topic=f"site/{store_id}/climate/{device_id}")


async def _note(
    conn: Connection, principal: Principal, action: str, before: DeviceView, after: DeviceView
) -> None:
    was, now = before.model_dump(mode="json"), after.model_dump(mode="json")
    await audit.record(conn, principal, action, "climate_device", before.device_id, before=was, after=now)
