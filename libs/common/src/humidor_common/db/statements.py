"""Statements of several slices in one round trip to the database."""

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import chain
from typing import Any, NamedTuple

from humidor_common.db.pool import Connection

_PLACE = re.compile(r"\$(\d+)")


class Statement(NamedTuple):
    """A statement, and what goes into its places `$1`, `$2` and so on."""

    text: str
    arguments: Sequence[Any]


async def run(conn: Connection, statement: Statement) -> None:
    await conn.execute(statement.text, *statement.arguments)


async def write_together(conn: Connection, statements: Sequence[Statement]) -> None:
    """Run statements that write and give nothing back, each of them without a `WITH` of its own.

    They all begin from what was there before any of them; foreign keys among what they write hold, for they
    are checked at the end.
    """
    await _run_as_one(conn, statements, _written_together)


async def lock_in_turn(conn: Connection, statements: Sequence[Statement]) -> None:
    """Run queries that take locks, one after the other in their order."""
    await _run_as_one(conn, statements, _one_after_the_other)


async def _run_as_one(conn: Connection, statements: Sequence[Statement], put_together: Any) -> None:
    if statements:
        arguments = chain.from_iterable(each.arguments for each in statements)
        sizes = tuple((each.text, len(each.arguments)) for each in statements)
        await conn.execute(put_together(sizes), *arguments)


@lru_cache(maxsize=64)
def _written_together(parts: tuple[tuple[str, int], ...]) -> str:
    """Make one statement of several: what `$1` is in the second follows the last place of the first."""
    *others, last = _renumbered(parts)
    if not others:
        return last
    return f"WITH {', '.join(f's{n} AS ({text})' for n, text in enumerate(others))} {last}"


@lru_cache(maxsize=64)
def _one_after_the_other(parts: tuple[tuple[str, int], ...]) -> str:
    return " UNION ALL ".join(_renumbered(parts))


def _renumbered(parts: tuple[tuple[str, int], ...]) -> list[str]:
    texts, first = [], 0
    for text, places in parts:
        texts.append(_PLACE.sub(lambda found, first=first: f"${int(found[1]) + first}", text))  # type: ignore[misc]
        first += places
    return texts
