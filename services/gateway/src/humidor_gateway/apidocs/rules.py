"""Makes one OpenAPI document out of many: pure."""

import re
from collections.abc import Mapping
from typing import Any

Document = dict[str, Any]

_METHODS = frozenset({"get", "put", "post", "delete", "options", "head", "patch", "trace"})
_REFERENCE = re.compile(r"^#/components/([A-Za-z]+)/(.+)$")
_SHARED = "securitySchemes"


def merge(own: Document, services: Mapping[str, Document], missing: list[str]) -> Document:
    """Put the services' documents behind their path prefixes, beside the gateway's own.

    Components are named after their service (`pos.Sale`), because two services may mean different things by
    one name. Services in `missing` are named in the description.
    """
    merged: Document = {
        "openapi": own.get("openapi", "3.1.0"),
        "info": {**own["info"], "title": "Humidor", "description": _description(services, missing)},
        "paths": {},
        "components": {},
        "tags": [],
    }
    _add(merged, "gateway", own, prefix="")
    for service in sorted(services):
        _add(merged, service, services[service], prefix=f"/{service}")
    return merged


def _description(services: Mapping[str, Document], missing: list[str]) -> str:
    text = f"All services behind the gateway: {', '.join(['gateway', *sorted(services)])}."
    return text + (f" Not reachable right now and left out: {', '.join(sorted(missing))}." if missing else "")


def _add(merged: Document, service: str, document: Document, *, prefix: str) -> None:
    names = _component_names(merged, service, document)
    for path, item in document.get("paths", {}).items():
        merged["paths"][prefix + path] = _rename_operations(_rewrite(item, names), service, names)
    for section, members in document.get("components", {}).items():
        kept = merged["components"].setdefault(section, {})
        for name, member in members.items():
            kept[names[section, name]] = _rewrite(member, names)
    seen = {tag["name"] for tag in merged["tags"]}
    for path in document.get("paths", {}).values():
        for method in _METHODS & path.keys():
            for tag in _tags(path[method], service):
                if tag not in seen:
                    seen.add(tag)
                    merged["tags"].append({"name": tag})


def _component_names(merged: Document, service: str, document: Document) -> dict[tuple[str, str], str]:
    names: dict[tuple[str, str], str] = {}
    for section, members in document.get("components", {}).items():
        taken = merged["components"].get(section, {})
        for name, member in members.items():
            same = section == _SHARED and taken.get(name, member) == member
            names[section, name] = name if same else f"{service}.{name}"
    return names


def _rewrite(value: Any, names: Mapping[tuple[str, str], str]) -> Any:
    """Point every reference at the new name, those of discriminators included."""
    if isinstance(value, list):
        return [_rewrite(each, names) for each in value]
    if not isinstance(value, dict):
        return value
    rewritten: Document = {}
    for key, each in value.items():
        if key == "$ref" and isinstance(each, str):
            rewritten[key] = _new_reference(each, names)
        elif key == "mapping" and isinstance(each, dict):
            rewritten[key] = {
                k: _new_reference(v, names) if isinstance(v, str) else _rewrite(v, names)
                for k, v in each.items()
            }
        else:
            rewritten[key] = _rewrite(each, names)
    return rewritten


def _new_reference(reference: str, names: Mapping[tuple[str, str], str]) -> str:
    match = _REFERENCE.match(reference)
    if match is None or (match[1], match[2]) not in names:
        return reference
    return f"#/components/{match[1]}/{names[match[1], match[2]]}"


def _rename_operations(item: Document, service: str, names: Mapping[tuple[str, str], str]) -> Document:
    for method in _METHODS & item.keys():
        operation = item[method]
        if "operationId" in operation:
            operation["operationId"] = f"{service}_{operation['operationId']}"
        operation["tags"] = _tags(operation, service)
        if "security" in operation:
            operation["security"] = [
                {names.get((_SHARED, scheme), scheme): scopes for scheme, scopes in need.items()}
                for need in operation["security"]
            ]
    return item


def _tags(operation: Document, service: str) -> list[str]:
    return [f"{service}: {tag.removeprefix(service + ': ')}" for tag in operation.get("tags", ["service"])]
