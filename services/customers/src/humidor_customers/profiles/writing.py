"""Writes computed profiles in the place of those before them, by COPY: tens of thousands come at once."""

from collections.abc import Sequence
from datetime import datetime
from io import BytesIO
from typing import Any

import asyncpg
import msgspec
import numpy as np

from humidor_common.db.copying import NULL, text, whole
from humidor_common.db.pool import Connection
from humidor_customers.arrays import cells, rows_of
from humidor_customers.profiles.figures.making import EPOCH, Columns
from humidor_customers.purchases.clocks import microseconds

_ALWAYS = (
    *((name, ">i8") for name in ("computed_at", "last_at", "spend_minor", "spend_year_minor")),
    *((name, ">i8") for name in ("repeat_spend_minor", "sticks_year")),
    *((name, ">i4") for name in ("first_on", "last_on", "active_days", "purchases", "purchases_year")),
    *((name, ">i4") for name in ("returns_year", "contacts_year")),
    *((name, ">i2") for name in ("usual_hour", "usual_weekday")),
)
_SOMETIMES = (
    *((name, ">f8") for name in ("basket_sticks", "basket_minor", "basket_lines", "gap_days")),
    *((name, ">f8") for name in ("favourite_brand_share", "price_sensitivity", "satisfaction")),
    ("recommendation", ">i2"),
)
_TEXTS = (
    *("party_kind", "party_id", "store_id", "currency", "channel", "lifecycle"),
    *("favourite_brand", "favourite_price_class", "stated_brand", "stated_price_class"),
)
WIDTHS = {name: np.dtype(of).itemsize for name, of in (*_ALWAYS, *_SOMETIMES)} | dict.fromkeys(_TEXTS, -1)
"""How many bytes each column of a profile has, as PostgreSQL counts them: -1 for a text."""
COLUMNS = tuple(WIDTHS)
_DETAILS = ("party_kind", "party_id", "details")
_JSON = msgspec.json.Encoder()

# Makes room for those of a moment ($3), and names whose are of a later one.
_MAKE_ROOM = """
WITH there AS MATERIALIZED (
    SELECT p.party_kind, p.party_id, p.at AS profile, d.at AS details, p.computed_at > $3 AS newer
    FROM unnest($1::text[], $2::text[]) f(party_kind, party_id)
    CROSS JOIN LATERAL (SELECT ctid AS at, party_kind, party_id, computed_at FROM profiles
                        WHERE party_kind = f.party_kind AND party_id = f.party_id OFFSET 0) p
    CROSS JOIN LATERAL (SELECT ctid AS at FROM profile_details
                        WHERE party_kind = f.party_kind AND party_id = f.party_id OFFSET 0) d
), profiles_gone AS (
    DELETE FROM profiles WHERE ctid = ANY(ARRAY(SELECT profile FROM there WHERE NOT newer))
), details_gone AS (
    DELETE FROM profile_details WHERE ctid = ANY(ARRAY(SELECT details FROM there WHERE NOT newer))
) SELECT party_kind, party_id FROM there WHERE newer
"""


async def write(conn: Connection, found: Columns, *, now: datetime) -> None:
    """Write profiles of a moment with what they rest on; who has one of a later moment keeps it.

    Where another worker writes one of them between, it is done once more.
    """
    while not await _written(conn, found, now):
        pass


async def _written(conn: Connection, found: Columns, now: datetime) -> bool:
    try:
        async with conn.transaction():
            newer = await conn.fetch(_MAKE_ROOM, found["party_kind"], found["party_id"], now)
            mine = _without(found, {(row[0], row[1]) for row in newer}) if newer else found
            for table, columns, rows in (
                ("profiles", COLUMNS, encode(mine)),
                ("profile_details", _DETAILS, encode_details(mine)),
            ):
                await conn.copy_to_table(table, source=BytesIO(rows), columns=columns, format="binary")
    except asyncpg.UniqueViolationError:
        return False
    return True


def _without(found: Columns, parties: set[tuple[str, str]]) -> Columns:
    whose = zip(found["party_kind"], found["party_id"], strict=True)
    kept = [n for n, party in enumerate(whose) if party not in parties]
    return {name: [values[n] for n in kept] for name, values in found.items()}


def encode(found: Columns) -> bytes:
    """Write profiles as rows of `COLUMNS`, in the binary format of COPY.

    Raises:
        OverflowError: A number does not fit its column.
    """
    rows = rows_of(_ALWAYS, len(found["party_id"]))
    rows["fields"] = len(COLUMNS)
    for name, _ in _ALWAYS:
        rows[name] = _numbers(name, found[name])
    texts = _Texts()
    fields = (
        cells(rows),
        *(_optional(found[name], of) for name, of in _SOMETIMES),
        *(map(texts.__getitem__, found[name]) for name in _TEXTS),
    )
    return whole(map(b"".join, zip(*fields, strict=True)))


def encode_details(found: Columns) -> bytes:
    """Write what profiles rest on as rows of kind, id and details, in the binary format of COPY."""
    fields = len(_DETAILS).to_bytes(2, "big")
    texts = _Texts()
    details = [_JSON.encode(each) for each in found["details"]]
    lengths = cells(np.array([len(each) for each in details], dtype=">i4"))
    whose = (map(texts.__getitem__, found[name]) for name in ("party_kind", "party_id"))
    rows = zip([fields] * len(details), *whose, lengths, details, strict=True)
    return whole(map(b"".join, rows))


class _Texts(dict[str | None, bytes]):
    """Texts as they are written; most are those of many."""

    def __missing__(self, value: str | None) -> bytes:
        self[value] = written = NULL if value is None else text(value)
        return written


def _numbers(name: str, values: Sequence[Any]) -> Any:
    """Give moments and dates as PostgreSQL counts them, from 2000 on, and numbers as they are."""
    if name.endswith("_at"):
        return microseconds(values)
    return [each.toordinal() - EPOCH.toordinal() for each in values] if name.endswith("_on") else values


def _optional(values: Sequence[Any], of: str) -> list[bytes]:
    """Write a field that some have not."""
    known = [each is not None for each in values]
    if not any(known):
        return [NULL] * len(values)
    fields = np.empty(len(values), dtype=[("length", ">i4"), ("value", of)])
    fields["length"] = np.dtype(of).itemsize
    fields["value"] = [0 if each is None else each for each in values]
    written = cells(fields)
    return (
        written if all(known) else [each if has else NULL for each, has in zip(written, known, strict=True)]
    )
