"""Turns what a terminal sent into a document, or into a problem that names the field at fault."""

import re
from typing import Any, TypeVar

import msgspec

from humidor_common.web.problems import FieldError, Problem, invalid
from humidor_pos.facts.rules import Unreadable

T = TypeVar("T")

_PLACE = re.compile(r" - at `\$\.?(.*?)`$")
_NAMED = re.compile(r"(?:missing required field|contains unknown field) `([^`]*)`")
_FIELD_MAX = 100


def decode(decoder: msgspec.json.Decoder[T], body: bytes | msgspec.Raw) -> T:
    """Decode, or say what is wrong.

    Raises:
        Problem: 400 for what is not JSON, 422 naming the field for JSON that is not the document.
    """
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        raise wrong_field(str(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Problem(400, "malformed", f"The body is not readable JSON: {error}") from None
    except RecursionError:
        raise Problem(400, "malformed", "The body is nested too deeply.") from None


def unreadable(error: Unreadable) -> Problem:
    return invalid(error.field, error.message)


def wrong_field(message: str) -> Problem:
    """Give msgspec's message the form of our problems: `lines[0].quantity` and what was expected there."""
    place = _PLACE.search(message)
    field = place[1] if place else ""
    said = _PLACE.sub("", message)
    named = _NAMED.search(said)
    if named:
        field = f"{field}.{named[1][:_FIELD_MAX]}" if field else named[1][:_FIELD_MAX]
    elif "matching regex" in said:
        said = "has characters that are not allowed here"
    field = field or "body"
    return Problem(422, "invalid", f"{field}: {said[:300]}", errors=[FieldError(field, said[:300])])


def openapi_schema(document: Any) -> dict[str, Any]:
    """Render the JSON Schema of a wire document with its references put in place, for OpenAPI."""
    (schema,), components = msgspec.json.schema_components([document], ref_template="{name}")
    inlined: dict[str, Any] = _inline(schema, components)
    return inlined


def _inline(node: Any, components: dict[str, Any]) -> Any:
    if isinstance(node, dict):
        if "$ref" in node:
            return _inline(components[node["$ref"]], components)
        return {key: _inline(value, components) for key, value in node.items()}
    if isinstance(node, list):
        return [_inline(value, components) for value in node]
    return node
