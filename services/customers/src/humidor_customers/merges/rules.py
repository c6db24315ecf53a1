"""What two records come to as one, and what each of them is again once that is undone."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from types import MappingProxyType
from typing import Any, Literal, NamedTuple, TypeAlias, get_args

Document: TypeAlias = dict[str, Any]
Choice: TypeAlias = Literal[
    "name",
    "state",
    "licence",
    "time_zone",
    "business_format",
    "market_type",
    "trade_area",
    "sales_line",
    "compliance_grade",
    "credit",
    "address",
    "parent_id",
]
_LICENCE = ("licence_number", "licence_valid_from", "licence_valid_until", "licence_status")
_TOGETHER = {"licence": _LICENCE, "credit": ("credit_limit_minor", "currency")}
GROUPS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {name: _TOGETHER.get(name, (name,)) for name in get_args(Choice)}
)
"""What is chosen, and given back, together: a currency belongs to its limit, a status to its licence."""

LISTS = ("contacts", "tags")
_DATES = ("licence_valid_from", "licence_valid_until")


class Kept(NamedTuple):
    """Something that changed since the merge and stays: what it was before, by the merge, and is now."""

    field: str
    before: Any
    merged: Any
    now: Any
    stays_with: Literal["survivor", "merged"] = "survivor"


class Restored(NamedTuple):
    """What undoing gives: the survivor's values, the other's newer than the merge, and what was kept."""

    survivor: Document
    merged: Document
    kept: list[Kept]


def frozen(document: Mapping[str, Any]) -> Document:
    """Give the part of a document that merging touches, as it is kept in JSON."""
    names = [field for group in GROUPS.values() for field in group]
    kept = {name: document[name] for name in (*names, *LISTS, "custom", "store_ids")}
    return kept | {name: kept[name].isoformat() for name in _DATES if kept[name]}


def thawed(values: Mapping[str, Any]) -> Document:
    """Turn kept dates into dates again."""
    dates = {name: date.fromisoformat(values[name]) for name in _DATES if values.get(name)}
    return {**values, **dates}


def merged_document(survivor: Mapping[str, Any], other: Mapping[str, Any], take: Collection[str]) -> Document:
    """Make one record of two.

    What is named in `take` comes from the other one, the rest from the survivor. Contacts, tags and stores
    are united; custom fields that the survivor lacks are filled.
    """
    taken = {field: other[field] for name in take for field in GROUPS[name]}
    return {
        **survivor,
        **taken,
        "contacts": united(survivor["contacts"], other["contacts"]),
        "tags": sorted({*survivor["tags"], *other["tags"]}),
        "custom": {**other["custom"], **survivor["custom"]},
        "store_ids": sorted({*survivor["store_ids"], *other["store_ids"]}),
    }


def united(one: Sequence[Any], other: Sequence[Any]) -> list[Any]:
    return [*one, *(each for each in other if each not in one)]


def restore(before: Document, merged: Document, now: Document, moved_store_ids: Collection[str]) -> Restored:
    """Undo a merge on a survivor that was `before`, became `merged` and is `now`, all as `frozen` gives them.

    What nobody has touched since becomes what it was. What somebody has touched stays as it is and is
    reported. A licence that came with the merge goes back to the other record, with whatever was said of it
    since. In lists and custom fields each entry counts by itself.
    """
    survivor: Document = {}
    other: Document = {}
    kept: list[Kept] = []
    for name, fields in GROUPS.items():
        touched = [field for field in fields if now[field] != merged[field]]
        goes_back = name == "licence" and _goes_back(before, merged, now)
        stays: Literal["survivor", "merged"] = "merged" if goes_back else "survivor"
        kept += [Kept(field, before[field], merged[field], now[field], stays) for field in touched]
        other |= {field: now[field] for field in touched} if goes_back else {}
        source = now if touched and not goes_back else before
        survivor |= {field: source[field] for field in fields}
    for name in LISTS:
        survivor[name] = restored_list(before[name], merged[name], now[name])
        if now[name] != merged[name]:
            kept.append(Kept(name, before[name], merged[name], now[name]))
    survivor["custom"] = _restored_custom(before["custom"], merged["custom"], now["custom"], kept)
    back = {store for store in moved_store_ids if store in now["store_ids"]}
    survivor["store_ids"] = [store for store in now["store_ids"] if store not in back]
    if now["store_ids"] != merged["store_ids"]:
        kept.append(Kept("store_ids", before["store_ids"], merged["store_ids"], now["store_ids"]))
    return Restored(survivor, other, kept)


def restored_list(before: Sequence[Any], merged: Sequence[Any], now: Sequence[Any]) -> list[Any]:
    """Take out of a list what came with a merge, and leave what was added or removed since.

    `[a]` merged to `[a, b]`, now `[b, c]`: a was removed and c added since, b goes back: `[c]`.
    """
    stayed = [each for each in before if each in now or each not in merged]
    return united(stayed, [each for each in now if each not in merged])


def _goes_back(before: Document, merged: Document, now: Document) -> bool:
    number = merged["licence_number"]
    return number is not None and number != before["licence_number"] and number == now["licence_number"]


def _restored_custom(before: Document, merged: Document, now: Document, kept: list[Kept]) -> Document:
    found: Document = {}
    for name in dict.fromkeys((*before, *merged, *now)):
        values = before.get(name), merged.get(name), now.get(name)
        touched = values[1] != values[2]
        if touched:
            kept.append(Kept(f"custom.{name}", *values))
        value = values[2] if touched else values[0]
        if value is not None:
            found[name] = value
    return found
