"""What of texts and documents is about one person, and what they are without it; pure."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from humidor_customers.retailers.rules import masked_contact, phone_key, search_name

ERASED = "[erased]"
_SEPARATORS = r"[\s().\-\u2013]*"
_ASCII_WORD = re.compile(r"[A-Za-z0-9]")
_NOTHING = r"(?!)"

Contact = Mapping[str, Any]


class Words(NamedTuple):
    """By what a person is recognised: its contacts, its words in texts, and what the trail shows of it."""

    name: str
    contacts: tuple[Contact, ...]
    pattern: re.Pattern[str]
    phones: frozenset[str]
    emails: frozenset[str]
    handles: frozenset[str]
    masked: tuple[Contact, ...]


def is_of(person: Contact, contact: Contact) -> bool:
    """Tell whether a contact is this person: of the same name, and of no other phone or mail.

    Example:
        Wang Fang, 138…78 is `wang fang` without a phone, and not Wang Fang, 139…00.
    """
    if search_name(contact["name"]) != search_name(person["name"]):
        return False
    return not any(
        person.get(name) and contact.get(name) and key(person[name]) != key(contact[name])
        for name, key in (("phone", _phone), ("email", str.casefold))
    )


def words_of(person: Contact, contacts: Iterable[Contact]) -> Words:
    """Gather by what a person is recognised among the contacts of a customer.

    A phone or mail that another contact has as well is the shop's, and stays. A single letter, or a name
    without any, is not looked for in texts: it would be found everywhere.
    """
    everybody = list(contacts)
    own = [each for each in everybody if is_of(person, each)]
    others = [each for each in everybody if not is_of(person, each)]
    phones = _phones([person, *own]) - _phones(others)
    emails = _emails([person, *own]) - _emails(others)
    handles = frozenset(person.get("handles") or ())
    names = {each["name"] for each in (person, *own)}
    said = {each for each in names | emails | handles if len(each) > 1 and any(c.isalpha() for c in each)}
    parts = [_word_pattern(each) for each in sorted(said, key=lambda text: (-len(text), text))]
    parts += [_phone_pattern(each) for each in sorted(phones)]
    pattern = re.compile("|".join(parts) or _NOTHING, re.IGNORECASE)
    masked = tuple(masked_contact(each) for each in own)
    return Words(person["name"], tuple(own), pattern, frozenset(phones), frozenset(emails), handles, masked)


def redacted(value: Any, words: Words, *, keep: Sequence[str] = ()) -> Any:
    """Give a text or document without what is about the person: words replaced, contacts left out.

    `keep` names fields of the document itself that are facts of the business, such as the shop's name.

    Example:
        `{"note": "Ask Wang Fang, 138 1234 5678"}` gives `{"note": "Ask [erased], [erased]"}`.
    """
    if isinstance(value, str):
        return words.pattern.sub(ERASED, value)
    if isinstance(value, Mapping):
        return {
            name: each if name in keep else redacted(each, words)
            for name, each in value.items()
            if not (isinstance(each, Mapping) and _is_contact(each, words))
        }
    if isinstance(value, list):
        return [redacted(each, words) for each in value if not _is_contact(each, words)]
    return value


def without(contacts: Iterable[Contact], words: Words) -> list[Contact]:
    """Give the contacts that are somebody else."""
    return [each for each in contacts if each not in words.contacts]


def is_address(text: str, words: Words) -> bool:
    """Tell whether a message's address is one of the person's."""
    return text.casefold() in words.emails or text in words.handles or phone_key(text) in words.phones


def _is_contact(value: Any, words: Words) -> bool:
    if not isinstance(value, Mapping) or not {"name", "phone", "email"} <= set(value):
        return False
    return any(value == each for each in (*words.contacts, *words.masked))


def _word_pattern(text: str) -> str:
    """Find a name or address whatever its spaces; a letter of ours beside it makes it another word."""
    words = r"\s+".join(re.escape(each) for each in text.split())
    bound = _ASCII_WORD.match(text) or _ASCII_WORD.match(text[-1])
    return rf"(?<!\w){words}(?!\w)" if bound else words


def _phone_pattern(key: str) -> str:
    digits = _SEPARATORS.join(key)
    return rf"(?<!\d)(?:\+|00)?(?:86{_SEPARATORS})?{digits}(?!\d)"


def _phone(text: str) -> str:
    return phone_key(text) or text


def _phones(contacts: Iterable[Contact]) -> set[str]:
    return {key for each in contacts if each.get("phone") and (key := phone_key(each["phone"]))}


def _emails(contacts: Iterable[Contact]) -> set[str]:
    return {each["email"].casefold() for each in contacts if each.get("email")}
