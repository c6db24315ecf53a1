"""Statements over the places where something about a contact person may stand."""

from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

from humidor_common.db.pool import Connection
from humidor_customers.contact_persons.places import Place
from humidor_customers.contact_persons.rules import Words, redacted

# The trail is append-only but for this: its trigger lets words be taken out, and nothing else.
_OPEN_TRAIL = "SELECT set_config('humidor.erasure', $1, true)"
_ADDRESSES = """
SELECT x.interaction_id, x.address FROM interaction_texts x JOIN interactions i USING (interaction_id)
WHERE x.address IS NOT NULL AND (
    i.party_kind = 'retailer' AND i.party_id = ANY($1::text[])
    OR i.party_id IS NULL AND (lower(x.address) = ANY($2::text[])
        OR right(regexp_replace(x.address, '[^0-9]', '', 'g'), 11) = ANY($3::text[])))
ORDER BY 1
"""
_HANDLES = """
FROM channel_handles WHERE party_kind = 'retailer' AND party_id = ANY($1::text[]) AND handle = ANY($2::text[])
"""
_HOOKS = """
SELECT ctid::text AS place, answer AS value FROM hook_messages m
WHERE EXISTS (SELECT FROM jsonb_array_elements(m.answer->'results') e
              WHERE e->>'retailer_id' = ANY($1::text[])) FOR UPDATE
"""
_FORGET_ANSWERS = """
DELETE FROM idempotency_keys k
WHERE EXISTS (SELECT FROM unnest($1::text[]) r(id)
              WHERE position(convert_to('"' || id || '"', 'UTF8') IN k.response) > 0)
  AND EXISTS (SELECT FROM unnest($2::text[]) w(word)
              WHERE position(convert_to(word, 'UTF8') IN k.response) > 0)
"""
_FORGET_DOCUMENTS = """
UPDATE privacy_answers a SET document = NULL FROM privacy_requests r
WHERE r.request_id = a.request_id AND r.retailer_id = ANY($1::text[]) AND a.document IS NOT NULL
  AND EXISTS (SELECT FROM unnest($2::text[]) w(word)
              WHERE position(convert_to(word, 'UTF8') IN a.document) > 0)
"""


class Found(NamedTuple):
    """A row that names the person: the columns that do as they are, and as they are without."""

    place: str
    before: dict[str, Any]
    after: dict[str, Any]


async def find(conn: Connection, place: Place, ids: Sequence[str], words: Words) -> list[Found]:
    """Find and lock the rows of a place that name the person."""
    columns = ", ".join(f"t.{name}" for name in place.columns)
    rows = await conn.fetch(
        f"SELECT t.ctid::text AS place, {columns} FROM {place.table} t WHERE {place.of} ORDER BY t.ctid FOR UPDATE OF t",  # noqa: S608, E501
        list(ids),
    )
    found = []
    for row in rows:
        before = {name: row[name] for name in place.columns if row[name] is not None}
        after = {name: redacted(value, words, keep=place.keep) for name, value in before.items()}
        if changed := [name for name in before if before[name] != after[name]]:
            kept = Found(row["place"], {n: before[n] for n in changed}, {n: after[n] for n in changed})
            found.append(kept)
    return found


async def write(conn: Connection, place: Place, found: Sequence[Found]) -> None:
    """Write rows that were found as they are without the person."""
    if not found:
        return
    columns = ", ".join(
        f"{name} = CASE WHEN e.v ? '{name}' THEN n.{name} ELSE t.{name} END" for name in place.columns
    )
    await conn.execute(_OPEN_TRAIL, "on")
    await conn.execute(
        f"""UPDATE {place.table} t SET {columns}
            FROM (SELECT (x->>0)::tid AS place, x->1 AS v FROM jsonb_array_elements($1::jsonb) x) e
            CROSS JOIN LATERAL jsonb_populate_record(NULL::{place.table}, e.v) n
            WHERE t.ctid = e.place""",  # noqa: S608 - names of ours
        [[each.place, each.after] for each in found],
    )
    await conn.execute(_OPEN_TRAIL, "off")


async def addresses_of(conn: Connection, ids: Sequence[str], words: Words) -> list[Any]:
    """Read where messages of customers came from, and messages of nobody from these addresses."""
    phones = [each[-11:] for each in words.phones]
    rows: list[Any] = await conn.fetch(_ADDRESSES, list(ids), sorted(words.emails | words.handles), phones)
    return rows


async def read_messages(conn: Connection, interaction_ids: Sequence[UUID]) -> list[dict[str, Any]]:
    rows = await conn.fetch(
        """SELECT i.medium, i.occurred_at, x.address, x.subject, x.text
           FROM interaction_texts x JOIN interactions i USING (interaction_id)
           WHERE x.interaction_id = ANY($1::uuid[]) ORDER BY 2""",
        list(interaction_ids),
    )
    return [dict(row) for row in rows]


async def forget_messages(conn: Connection, interaction_ids: Sequence[UUID]) -> int:
    """Forget what was written from an address of the person, and the address."""
    done = await conn.execute(
        "DELETE FROM interaction_texts WHERE interaction_id = ANY($1::uuid[])", list(interaction_ids)
    )
    return _rows(done)


async def read_handles(conn: Connection, ids: Sequence[str], words: Words) -> list[dict[str, Any]]:
    rows = await conn.fetch(f"SELECT account_id, handle, added_at {_HANDLES}", list(ids), _names(words))
    return [dict(row) for row in rows]


async def forget_handles(conn: Connection, ids: Sequence[str], words: Words) -> int:
    return _rows(await conn.execute(f"DELETE {_HANDLES}", list(ids), _names(words)))


async def redact_hooks(conn: Connection, ids: Sequence[str], words: Words) -> int:
    """Take the person out of answers to other systems that are kept for a repeated message."""
    rows = await conn.fetch(_HOOKS, list(ids))
    changed = [
        [row["place"], after] for row in rows if (after := redacted(row["value"], words)) != row["value"]
    ]
    await conn.execute(
        """UPDATE hook_messages SET answer = e->1 FROM jsonb_array_elements($1::jsonb) e
           WHERE ctid = (e->>0)::tid""",
        changed,
    )
    return len(changed)


async def forget_answers(conn: Connection, ids: Sequence[str], words: Words) -> int:
    """Forget answers about the customers that are kept for a repeated request and name the person."""
    return _rows(await conn.execute(_FORGET_ANSWERS, list(ids), _said(words)))


async def forget_documents(conn: Connection, ids: Sequence[str], words: Words) -> int:
    """Forget what was gathered for exports of the person."""
    return _rows(await conn.execute(_FORGET_DOCUMENTS, list(ids), _said(words)))


def _names(words: Words) -> list[str]:
    written = {each[name] for each in words.contacts for name in ("phone", "email") if each.get(name)}
    return sorted(words.handles | words.emails | written)


def _said(words: Words) -> list[str]:
    """Give the words as somebody wrote them; a part of a document is found by what it holds."""
    return sorted({words.name, *_names(words), *(each["name"] for each in words.contacts)})


def _rows(done: str) -> int:
    return int(done.rpartition(" ")[2])
