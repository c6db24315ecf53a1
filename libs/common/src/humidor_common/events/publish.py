"""Writes the checked-in event contracts: `make events`.

New events get a sample and a schema, additions update the schema, `docs/events.md` and the AsyncAPI
document are made anew. An incompatible change is refused.
"""

import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
from msgspec import inspect as kinds

from humidor_common.events.base import EVENTS, Event
from humidor_common.events.contract import Schemas, asyncapi, incompatibilities, schema_of

_EXAMPLES: dict[type, Any] = {
    kinds.UUIDType: UUID("0190a6f2-7c1e-7000-8000-000000000001"),
    kinds.DateTimeType: datetime(2026, 11, 23, 2, 15, tzinfo=UTC),
    kinds.DateType: date(2026, 11, 23),
    kinds.StrType: "S0001",
    kinds.IntType: 2500,
    kinds.FloatType: 1.5,
    kinds.BoolType: True,
    kinds.DictType: {"cash": 100},
}


def main(root: Path) -> int:
    tests = root / "libs/common/tests/events"
    for event_type, event in sorted(EVENTS.items()):
        sample, published = tests / "golden" / f"{event_type}.json", tests / "schemas" / f"{event_type}.json"
        schema = schema_of(event)
        broken = _broken(published, schema)
        if broken:
            sys.stderr.write(f"{event_type}: {', '.join(broken)}; make it a new version\n")
            return 1
        _write(published, schema)
        if not sample.exists():
            _write(sample, example(event))
    _write(root / "docs/asyncapi.json", asyncapi())
    (root / "docs/events.md").write_text(_page())
    return 0


def _broken(published: Path, schema: Schemas) -> list[str]:
    if not published.exists():
        return []
    return incompatibilities(msgspec.json.decode(published.read_bytes()), schema)


def example(of: type[msgspec.Struct]) -> msgspec.Struct:
    """Make a value of a struct's type, every field set."""
    info = kinds.type_info(of)
    fields = info.fields if isinstance(info, kinds.StructType) else ()
    return of(**{field.name: _example(field.type) for field in fields})


def _example(info: kinds.Type) -> Any:
    if isinstance(info, kinds.StructType):
        return example(info.cls)
    if isinstance(info, kinds.UnionType):
        return _example(next(each for each in info.types if not isinstance(each, kinds.NoneType)))
    if isinstance(info, kinds.ListType):
        return [_example(info.item_type)]
    if isinstance(info, kinds.LiteralType):
        return info.values[0]
    return _EXAMPLES[type(info)]


def _write(path: Path, document: Any) -> None:
    path.write_bytes(msgspec.json.format(msgspec.json.encode(document, order="sorted"), indent=2) + b"\n")


def _page() -> str:
    lines = [
        "# Events",
        "",
        "Made by `make events` from the classes in `libs/common`; the machine-readable form is",
        "[asyncapi.json](asyncapi.json).",
    ]
    for topic in sorted({event.TOPIC for event in EVENTS.values()}):
        lines += ["", f"## `{topic}`", ""]
        lines += [line for event in EVENTS.values() if topic == event.TOPIC for line in _section(event)]
    return "\n".join(lines) + "\n"


def _section(event: type[Event]) -> list[str]:
    fields = ", ".join(f"`{name}`" for name in event.__struct_fields__)
    kept = "compacted, the last one of each key stays" if event.COMPACTED else "kept for ever"
    summary = (event.__doc__ or "").strip().splitlines()[0]
    return [f"- **`{event.TYPE}`** (key `{event.KEY}`, {kept}): {summary}", f"  Fields: {fields}."]


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
