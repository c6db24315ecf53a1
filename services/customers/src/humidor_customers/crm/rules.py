"""From records over there to values of a trade customer and back; pure."""

from collections.abc import Mapping as Map
from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol, TypeAlias

from humidor_customers.crm.mapping import CUSTOM, OURS, FieldMap, Kind, Mapping
from humidor_customers.fields.rules import Definition

Values: TypeAlias = dict[str, Any]
Document: TypeAlias = Map[str, Any]

_CUSTOM_KINDS: dict[str, Kind] = {
    "text": "text",
    "number": "number",
    "date": "date",
    "choice": "choice",
    "boolean": "boolean",
}
_CONTACT = "contact."


class Wrong(NamedTuple):
    """What is wrong with a field of a record; `field` is ours."""

    field: str
    message: str


class Codec(Protocol):
    """How a system writes values; empty is None on both sides."""

    def decode(self, kind: Kind, raw: Any) -> Any:
        """Give the value in our terms: dates as ISO text, money in minor units.

        Raises:
            ValueError: It is none; the message says what it should be.
        """

    def encode(self, kind: Kind, value: Any) -> Any:
        """Give a value of ours as the other system wants it."""


class Translator(NamedTuple):
    """A mapping with what is known of both sides."""

    mapping: Mapping
    codec: Codec
    definitions: Map[str, Definition]

    def kind(self, name: str) -> Kind:
        if name.startswith(CUSTOM):
            definition = self.definitions.get(name.removeprefix(CUSTOM))
            return _CUSTOM_KINDS[definition.kind] if definition else "text"
        return OURS[name]

    def to_ours(self, raw: Document) -> tuple[Values, list[Wrong]]:
        """Read a record from over there; a field that it lacks altogether says nothing."""
        values: Values = {}
        wrong = []
        for each in self.mapping.fields:
            if each.theirs not in raw:
                continue
            try:
                values[each.ours] = self._decoded(each, raw[each.theirs])
            except ValueError as error:
                wrong.append(Wrong(each.ours, str(error)))
        return values, wrong

    def _decoded(self, field: FieldMap, raw: Any) -> Any:
        value = self.codec.decode(self.kind(field.ours), raw)
        if value is None or not field.values:
            return value
        words = {theirs: ours for ours, theirs in field.values.items()}
        if isinstance(value, list):
            return sorted(words.get(each, each) for each in value)
        if value not in words:
            raise ValueError(f"{str(value)[:80]!r} is no value of the mapping")
        return words[value]

    def to_theirs(self, values: Document) -> tuple[Values, list[Wrong]]:
        """Write values of ours as a record over there."""
        raw: Values = {}
        wrong = []
        for each in self.mapping.fields:
            if each.ours not in values:
                continue
            value = values[each.ours]
            if isinstance(value, list):
                value = [each.values.get(part, part) for part in value]
            elif value is not None and each.values:
                if value not in each.values:
                    wrong.append(Wrong(each.ours, f"{str(value)[:80]!r} is no value of the mapping"))
                    continue
                value = each.values[value]
            raw[each.theirs] = None if value is None else self.codec.encode(self.kind(each.ours), value)
        return raw, wrong

    def told(self, values: Document) -> Values:
        """Take those of our values that are told."""
        return {
            each.ours: values.get(each.ours)
            for each in self.mapping.fields
            if each.direction in ("both", "out")
        }


def flat(document: Document) -> Values:
    """Give a customer's values under the names of mappings, as JSON keeps them.

    Example:
        A first contact Wang and the custom field metres give `contact.name` and `custom.metres`.
    """
    values = {name: document.get(name) for name, kind in OURS.items() if not name.startswith(_CONTACT)}
    for name, kind in OURS.items():
        if kind == "date" and values[name] is not None:
            values[name] = str(values[name])
    values["tags"] = sorted(document["tags"]) or None
    first = document["contacts"][0] if document["contacts"] else {}
    values |= {f"{_CONTACT}{part}": first.get(part) for part in ("name", "role", "phone", "email")}
    return values | {f"{CUSTOM}{name}": value for name, value in document["custom"].items()}


def applied(document: Document | None, changes: Document) -> Values:
    """Give a customer as it shall be: `document` (None for a new one) with changes by the names of mappings.

    A new one without a state is active where it has a licence, else a prospect.
    """
    after: Values = dict(document) if document else {}
    plain = {name: value for name, value in changes.items() if "." not in name}
    after |= {name: value for name, value in plain.items() if name != "tags"}
    if "tags" in plain:
        after["tags"] = plain["tags"] or []
    custom = dict(after.get("custom") or {})
    for name, value in changes.items():
        if name.startswith(CUSTOM):
            custom[name.removeprefix(CUSTOM)] = value
    after["custom"] = {name: value for name, value in custom.items() if value is not None}
    contact = {
        name.removeprefix(_CONTACT): value for name, value in changes.items() if name.startswith(_CONTACT)
    }
    after["contacts"] = _contacts(after.get("contacts") or [], contact, after.get("name"))
    if document is None and after.get("state") is None:
        after["state"] = "active" if after.get("licence_number") else "prospect"
    return after if document else {name: value for name, value in after.items() if value is not None}


def _contacts(contacts: Sequence[Document], changes: Document, name: Any) -> list[Values]:
    """Change the first contact; one without a name is called as the customer, one without anything goes."""
    first = {**(contacts[0] if contacts else {}), **changes}
    rest = [dict(each) for each in contacts[1:]]
    if not any(first.values()):
        return rest
    return [{**first, "name": first.get("name") or name}, *rest]
