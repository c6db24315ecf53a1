"""Which readings can be true: pure values in, whole hundredths and tenths or a refusal out."""

from datetime import datetime, timedelta
from typing import NamedTuple

from humidor_common.clock import to_milliseconds
from humidor_inventory.readings.wire import Reading, Refused

CLOCK_AHEAD = timedelta(minutes=5)
# What sensors of the trade can measure (SHT4x: -40..125 °C, yet no store), and the brightest sunlight.
TEMPERATURE_C = (-40.0, 85.0)
HUMIDITY_PCT = (0.0, 100.0)
LIGHT_LUX = (0.0, 200_000.0)


class Measured(NamedTuple):
    """A reading in the form in which it is stored: hundredths of °C and per cent, tenths of lux."""

    measured_at: datetime
    temperature: int | None
    humidity: int | None
    light: int | None
    seq: int | None
    battery_pct: int | None


class Offsets(NamedTuple):
    """What calibration found to be added, in degrees Celsius and per cent relative humidity."""

    temperature_c: float
    humidity_pct: float


def refuse(index: int, reading: Reading, *, now: datetime, late: timedelta) -> Refused | None:
    """Say why a reading cannot be taken: without a value, out of any range, or at an impossible moment.

    Example:
        A humidity of 120 % is `out_of_range`; a moment six minutes ahead `clock_ahead`, because the device's
        clock is wrong and all it says would be in the wrong place; one older than `late` `too_old`.
    """
    if reading.ts > now + CLOCK_AHEAD:
        return Refused(index, "clock_ahead", "ts: is ahead of the server's clock by more than 5 minutes")
    if reading.ts < now - late:
        return Refused(index, "too_old", f"ts: is more than {late.days} days old")
    values = (
        ("temp_c", reading.temp_c, TEMPERATURE_C),
        ("rh_pct", reading.rh_pct, HUMIDITY_PCT),
        ("lux", reading.lux, LIGHT_LUX),
    )
    if reading.temp_c is None and reading.rh_pct is None and reading.lux is None:
        return Refused(index, "no_value", "temp_c, rh_pct and lux are all missing")
    for name, value, (least, most) in values:
        if value is not None and not least <= value <= most:
            return Refused(index, "out_of_range", f"{name}: is not between {least:g} and {most:g}")
    return None


def measured(reading: Reading, offsets: Offsets) -> Measured:
    """Correct a reading by the calibration and make its numbers whole; moments to the millisecond."""
    at = to_milliseconds(reading.ts)
    humidity = None
    if reading.rh_pct is not None:
        humidity = min(max(round((reading.rh_pct + offsets.humidity_pct) * 100), 0), 10_000)
    return Measured(
        at,
        None if reading.temp_c is None else round((reading.temp_c + offsets.temperature_c) * 100),
        humidity,
        None if reading.lux is None else round(reading.lux * 10),
        reading.seq,
        None if reading.battery_pct is None else round(reading.battery_pct),
    )


def newer(one: Measured, other: Measured) -> Measured:
    """Give the newer of two readings, with what only the older one says."""
    older, newest = sorted((one, other), key=lambda each: each.measured_at)
    said = (late if late is not None else early for early, late in zip(older[1:], newest[1:], strict=True))
    return Measured(newest.measured_at, *said)
