"""What holds of trade customers: their licence on a day, their states, their hierarchy, their names' keys."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, Literal, TypeAlias

State: TypeAlias = Literal["prospect", "active", "closed"]
LicenceStatus: TypeAlias = Literal["active", "suspended", "revoked"]
LicenceState: TypeAlias = Literal["none", "not_yet_valid", "active", "suspended", "revoked", "expired"]

_NEXT: Mapping[State, frozenset[State]] = {
    "prospect": frozenset(("active", "closed")),
    "active": frozenset(("closed",)),
    "closed": frozenset(("active",)),
}
# What says of a name no more than that it is a shop or a firm.
_GENERIC = re.compile(
    "有限责任公司|有限公司|公司|烟酒商行|烟酒商店|烟酒店|便利店|食杂店|小卖部|副食店|经营部|超市|商行|商店|商场|店"
    "|convenience|supermarket|tobacco|limited|company|store|shop|mart|ltd"
)
_USUAL_LICENCE = re.compile(r"[0-9]{6}[12][0-9]{5}")
_SHORTEST_PHONE = 7


def licence_state(
    status: LicenceStatus | None, valid_from: date | None, valid_until: date | None, today: date
) -> LicenceState:
    """Say what a licence is worth on a day; `today` is the customer's own date.

    The last valid day is `valid_until` itself. Revoked outweighs expired, that outweighs suspended. Without
    dates only the authority's word counts.
    """
    if status is None:
        return "none"
    if status == "revoked":
        return "revoked"
    if valid_until is not None and valid_until < today:
        return "expired"
    if status == "suspended":
        return "suspended"
    if valid_from is not None and today < valid_from:
        return "not_yet_valid"
    return "active"


def may_become(before: State | None, after: State) -> bool:
    """Tell whether a customer may go from one state to another; a new one begins in any."""
    return before is None or before == after or after in _NEXT[before]


def is_usual_licence(number: str) -> bool:
    """Tell whether a number is built as usual: division (6), kind of holder (1 or 2), serial (5)."""
    return _USUAL_LICENCE.fullmatch(number) is not None


def find_cycle(parents: Mapping[str, str | None], start: str) -> list[str] | None:
    """Follow the parents up from one customer; gives the circle as ids where it leads back to it."""
    path = [start]
    seen = {start}
    while (above := parents.get(path[-1])) is not None:
        path.append(above)
        if above == start:
            return path
        if above in seen:
            return None
        seen.add(above)
    return None


def search_name(name: str) -> str:
    """Make what a name is searched by: width, case and spaces do not count; `Ｅast Gate` gives `eastgate`."""
    before = None
    while name != before:  # what stood apart (a letter and its diaeresis) may come together at the first turn
        before, name = name, "".join(unicodedata.normalize("NFKC", name).casefold().split())
    return name


def name_key(name: str) -> str:
    """Make what names are compared by: letters and digits, without words such as 商店; never empty.

    `城南（二）烟酒店` and `城南 二 商店` give `城南二`.
    """
    plain = search_name(name)
    letters = "".join(c for c in plain if c.isalnum())
    return _GENERIC.sub("", letters) or letters or plain


def phone_key(phone: str) -> str | None:
    """Make what phones are compared by: digits without the prefix of China; None for what is no number."""
    digits = "".join(c for c in unicodedata.normalize("NFKC", phone) if c.isdecimal() and c.isascii())
    for prefix in ("0086", "86"):
        if digits.startswith(prefix) and len(digits) - len(prefix) >= 10:
            digits = digits[len(prefix) :]
            break
    return digits if len(digits) >= _SHORTEST_PHONE else None


def phone_keys(contacts: Iterable[Mapping[str, Any]]) -> list[str]:
    found = {phone_key(contact["phone"]) for contact in contacts if contact["phone"]}
    return sorted(key for key in found if key)


def email_keys(contacts: Iterable[Mapping[str, Any]]) -> list[str]:
    """Give the addresses of some contacts as they are compared: without regard to case."""
    return sorted({contact["email"].lower() for contact in contacts if contact["email"]})


def masked(text: str | None, *, keep_start: int = 1, keep_end: int = 0) -> str | None:
    """Hide the middle of a name or phone for a trail that is kept for ever: 13812345678 → 138****78."""
    if text is None:
        return None
    if len(text) <= keep_start + keep_end + 1:
        return "*" * len(text)
    return f"{text[:keep_start]}****{text[len(text) - keep_end :]}"


def masked_contact(contact: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": masked(contact["name"]),
        "role": contact["role"],
        "phone": masked(contact["phone"], keep_start=3, keep_end=2),
        "email": masked(contact["email"]),
    }
