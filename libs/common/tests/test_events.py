"""Event contracts: every version ever published can still be read, and none changes incompatibly.

`make events` writes the samples and schemas of new events; it never touches an existing sample.
"""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from humidor_common.events import EVENTS
from humidor_common.events.contract import incompatibilities, schema_of

GOLDEN = Path(__file__).parent / "events" / "golden"
SCHEMAS = Path(__file__).parent / "events" / "schemas"


@pytest.mark.parametrize("event_type", sorted(EVENTS))
def test_the_golden_sample_is_read_and_written_alike(event_type: str) -> None:
    sample = (GOLDEN / f"{event_type}.json").read_bytes()
    event = msgspec.json.decode(sample, type=EVENTS[event_type])
    again = msgspec.json.decode(msgspec.json.encode(event))
    before = msgspec.json.decode(sample)
    assert {key: again[key] for key in before} == before


@pytest.mark.parametrize("event_type", sorted(EVENTS))
def test_the_schema_changes_only_by_addition(event_type: str) -> None:
    published = msgspec.json.decode((SCHEMAS / f"{event_type}.json").read_bytes())
    assert incompatibilities(published, schema_of(EVENTS[event_type])) == []
    assert published == schema_of(EVENTS[event_type]), "run `make events` to publish the addition"


def test_every_published_event_still_exists() -> None:
    assert {path.stem for path in GOLDEN.glob("*.json")} == set(EVENTS)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"drop": "total"}, "total was removed"),
        ({"retype": "total"}, "total changed"),
        ({"require": "note"}, "note is new and required"),
        ({"optional": "note"}, None),
        ({"unrequire": "total"}, None),
    ],
)
def test_an_incompatible_change_is_found(change: dict[str, str], complaint: str | None) -> None:
    old: dict[str, Any] = {
        "Sale": {
            "properties": {"id": {"type": "string"}, "total": {"type": "integer"}},
            "required": ["total"],
        }
    }
    new = msgspec.json.decode(msgspec.json.encode(old))
    properties, required = new["Sale"]["properties"], new["Sale"]["required"]
    for kind, field in change.items():
        if kind == "drop":
            del properties[field]
        elif kind == "retype":
            properties[field] = {"type": "string"}
        elif kind == "unrequire":
            required.remove(field)
        else:
            properties[field] = {"type": "string"}
            required += [field] if kind == "require" else []
    found = incompatibilities(old, new)
    assert found == ([f"Sale.{complaint}"] if complaint else [])
