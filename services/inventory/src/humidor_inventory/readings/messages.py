"""What an MQTT message says, by its topic and its payload: pure values, whatever they hold."""

import re
from typing import NamedTuple

import msgspec

from humidor_inventory.readings.refusals import Refusal
from humidor_inventory.readings.service import Push
from humidor_inventory.readings.wire import Reading, Refused, Unreadable, read_payload

READINGS_FILTER = "site/+/climate/+"
STATUS_FILTER = "site/+/climate/+/status"
_TOPIC = re.compile(
    r"site/([A-Za-z0-9][A-Za-z0-9._-]{0,31})/climate/([A-Za-z0-9][A-Za-z0-9.-]{0,63})(/status)?"
)
_SAMPLE_BYTES = 200


class Status(NamedTuple):
    """A device said, or the broker for it, whether it is online."""

    store_id: str
    device_id: str
    online: bool


class Content(NamedTuple):
    """What messages came to: readings, statuses, and what cannot be read."""

    pushes: list[Push | Refused]
    statuses: list[Status]
    refusals: list[Refusal]


def read_messages(messages: list[tuple[str, bytes]]) -> Content:
    """Read (topic, payload) pairs; nothing that they can hold makes it fail."""
    content = Content([], [], [])
    for topic, payload in messages:
        found = _TOPIC.fullmatch(topic)
        if found is None:
            detail = f"{topic}: is not site/{{store}}/climate/{{device}}"
            content.refusals.append(_refusal("bad_topic", detail, payload))
        elif found[3]:
            _read_status(content, found[1], found[2], payload)
        else:
            _read_readings(content, found[1], found[2], payload)
    return content


def _read_readings(content: Content, store_id: str, device_id: str, payload: bytes) -> None:
    try:
        found = read_payload(payload)
    except Unreadable as error:
        content.refusals.append(_refusal(error.code, f"{store_id}/{device_id}: {error.detail}", payload))
        return
    for each in found:
        if isinstance(each, Reading):
            content.pushes.append(Push(device_id, store_id, each))
        else:
            content.refusals.append(_refusal(each.code, f"{store_id}/{device_id}: {each.detail}", payload))


def _read_status(content: Content, store_id: str, device_id: str, payload: bytes) -> None:
    text = payload[:_SAMPLE_BYTES].decode("utf-8", "replace").strip().strip('"').lower()
    if not payload:
        return  # a retained status that was taken back
    if text not in {"online", "offline"}:
        content.refusals.append(_refusal("bad_status", f"{store_id}/{device_id}: {text[:20]!r}", payload))
        return
    content.statuses.append(Status(store_id, device_id, text == "online"))


def _refusal(code: str, detail: str, payload: bytes) -> Refusal:
    # Whoever sent it is not known to be who the topic says, so it is counted for nobody in particular.
    return Refusal(code=code, detail=detail, sample=_sample(payload))


def _sample(payload: bytes) -> str:
    text = payload[:_SAMPLE_BYTES].decode("utf-8", "replace")
    try:
        document = msgspec.json.decode(payload) if len(payload) <= _SAMPLE_BYTES else None
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        document = None
    if isinstance(document, dict) and "key" in document:
        return msgspec.json.encode(document | {"key": "…"}).decode()
    return "…" if '"key"' in text else text
