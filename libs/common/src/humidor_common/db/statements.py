"""Statements of several slices in one round trip to the database."""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple, TypeAlias

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
    are checked at the end. An object that several of them take, in the same type, is sent once.
    """
    if statements:
        places, arguments = _places(statements)
        await conn.execute(_written_together(places), *arguments)


async def lock_in_turn(conn: Connection, statements: Sequence[Statement]) -> None:
    """Run queries that take locks, one after the other in their order."""
    if statements:
        places, arguments = _places(statements)
        await conn.execute(_one_after_the_other(places), *arguments)


_Parts: TypeAlias = tuple[tuple[str, tuple[int, ...]], ...]


def _places(statements: Sequence[Statement]) -> tuple[_Parts, list[Any]]:
    """Give the texts with the place of each argument among all, and all arguments."""
    place_of: dict[int, int] = {}
    arguments: list[Any] = []
    parts = []
    for text, own in statements:
        for each in own:
            if id(each) not in place_of or not isinstance(each, list):
                arguments.append(each)
                place_of[id(each)] = len(arguments)
        parts.append((text, tuple(place_of[id(each)] for each in own)))
    return tuple(parts), arguments


@lru_cache(maxsize=64)
def _written_together(parts: _Parts) -> str:
    *others, last = [_renumbered(*each) for each in parts]
    if not others:
        return last
    return f"WITH {', '.join(f's{n} AS ({text})' for n, text in enumerate(others))} {last}"


@lru_cache(maxsize=64)
def _one_after_the_other(parts: _Parts) -> str:
    return " UNION ALL ".join(_renumbered(*each) for each in parts)


def _renumbered(text: str, places: tuple[int, ...]) -> str:
    return _PLACE.sub(lambda found: f"${places[int(found[1]) - 1]}", text)
