"""What devices send, as JSON; fields that nobody knows are left alone, as a newer device may send them."""

from datetime import datetime
from typing import Annotated, Any

import msgspec

MAX_READINGS = 10_000
MAX_PAYLOAD_BYTES = 1024 * 1024

Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class Reading(msgspec.Struct):
    """One reading: `ts` with its offset, and at least one value of °C, per cent or lux."""

    ts: Moment
    temp_c: float | None = None
    rh_pct: float | None = None
    lux: float | None = None
    seq: Annotated[int, msgspec.Meta(ge=0, le=2**62)] | None = None
    battery_pct: Annotated[float, msgspec.Meta(ge=0, le=100)] | None = None
    sensor_id: Annotated[str, msgspec.Meta(max_length=64)] | None = None
    key: Annotated[str, msgspec.Meta(max_length=200)] | None = None


class Refused(msgspec.Struct, frozen=True):
    """One reading that was not taken: its place among those sent, a stable code, and why."""

    index: int
    code: str
    detail: str


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """What became of each reading: those whose place stands in neither list were accepted."""

    accepted: int
    duplicates: list[int]
    refused: list[Refused]


_many = msgspec.json.Decoder(list[Reading]).decode
_raws = msgspec.json.Decoder(list[msgspec.Raw]).decode
_one = msgspec.json.Decoder(Reading).decode


class Unreadable(Exception):  # noqa: N818 - reads as what it says of the payload
    """The payload as a whole is no reading and no list of readings."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


def read_payload(payload: bytes) -> list[Reading | Refused]:
    """Read one reading or a list of them; one that is wrong costs no other.

    Raises:
        Unreadable: It is neither, or too much at once.
    """
    if len(payload) > MAX_PAYLOAD_BYTES:
        raise Unreadable("too_large", f"more than {MAX_PAYLOAD_BYTES} bytes")
    try:
        if payload.lstrip()[:1] == b"[":
            return _read_many(payload)
        return [_one(payload)]
    except msgspec.ValidationError as error:
        return [Refused(0, "malformed", str(error))]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Unreadable("unreadable", f"no JSON: {error}") from error


def _read_many(payload: bytes) -> list[Reading | Refused]:
    found: list[Reading | Refused]
    try:
        found = [*_many(payload)]
    except msgspec.ValidationError:
        found = [_read_raw(i, raw) for i, raw in enumerate(_raws(payload))]
    if len(found) > MAX_READINGS:
        raise Unreadable("too_many", f"more than {MAX_READINGS} readings at once")
    return found


def _read_raw(index: int, raw: msgspec.Raw) -> Reading | Refused:
    try:
        return _one(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        return Refused(index, "malformed", str(error))


def openapi(document: Any) -> dict[str, Any]:
    """Describe a document of devices for OpenAPI, without references."""
    schemas, components = msgspec.json.schema_components([document], ref_template="{name}")
    schema: dict[str, Any] = schemas[0]
    return dict(components[schema["$ref"]]) if "$ref" in schema else schema
