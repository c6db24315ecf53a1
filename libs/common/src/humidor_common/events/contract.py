"""The wire contract of events: JSON Schemas, what breaks a reader, and the AsyncAPI document made of them."""

from typing import Any

import msgspec

from humidor_common.events.base import EVENTS, Event, source_of

Schemas = dict[str, dict[str, Any]]


def schema_of(event: type[Event]) -> Schemas:
    """Give the JSON Schemas of an event and of what it holds, by name."""
    _, components = msgspec.json.schema_components([event])
    return {name: {k: v for k, v in each.items() if k != "description"} for name, each in components.items()}


def incompatibilities(old: Schemas, new: Schemas) -> list[str]:
    """List what in `new` would break a reader or a stored event of `old`.

    Allowed are new optional fields and making a required field optional. Refused are a removed or
    retyped field and a new required one: those need a new version of the event beside the old.
    """
    found = []
    for name, before in old.items():
        after = new.get(name)
        if after is None:
            found.append(f"{name} was removed")
        elif "properties" in before:
            found += [f"{name}.{each}" for each in _changed_fields(before, after)]
        elif before != after:
            found.append(f"{name} changed")
    return found


def _changed_fields(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    had, has = before["properties"], after.get("properties", {})
    found = [f"{field} was removed" for field in had if field not in has]
    found += [f"{field} changed" for field in had if field in has and _type(had[field]) != _type(has[field])]
    newly_required = set(after.get("required", ())) - set(before.get("required", ()))
    found += [f"{field} is new and required" for field in sorted(newly_required)]
    return found


def _type(schema: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in schema.items() if key not in {"default", "description"}}


def asyncapi() -> dict[str, Any]:
    """Make the AsyncAPI 3.0 document of every topic and event."""
    schemas = {
        name: each
        for event in EVENTS.values()
        for name, each in msgspec.json.schema_components([event], ref_template="#/components/schemas/{name}")[
            1
        ].items()
    }
    topics = sorted({event.TOPIC for event in EVENTS.values()})
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Humidor events", "version": "1.0.0"},
        "channels": {topic: _channel(topic) for topic in topics},
        "operations": {
            f"publish.{topic}": {"action": "send", "channel": {"$ref": f"#/channels/{topic}"}}
            for topic in topics
        },
        "components": {"schemas": schemas},
    }


def _channel(topic: str) -> dict[str, Any]:
    events = [event for event in EVENTS.values() if topic == event.TOPIC]
    return {
        "address": topic,
        "description": f"Key: {events[0].KEY}." + (" Compacted." if events[0].COMPACTED else ""),
        "messages": {event.TYPE: _message(event) for event in events},
    }


def _message(event: type[Event]) -> dict[str, Any]:
    return {
        "name": event.TYPE,
        "summary": (event.__doc__ or "").strip().splitlines()[0],
        "contentType": "application/json",
        "headers": {
            "type": "object",
            "description": "CloudEvents 1.0, binary content mode",
            "properties": {
                "ce_specversion": {"const": "1.0"},
                "ce_type": {"const": event.TYPE},
                "ce_source": {"const": source_of(event.TYPE)},
                "ce_id": {"type": "string", "format": "uuid"},
                "ce_time": {"type": "string", "format": "date-time"},
                "ce_traceparent": {"type": "string"},
            },
        },
        "payload": {"$ref": f"#/components/schemas/{event.__name__}"},
    }
