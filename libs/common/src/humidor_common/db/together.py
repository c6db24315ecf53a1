"""Writes to several tables in one trip to the database.

Each trip costs both sides a fixed amount, and under load a wait for the processor on either side, which a
transaction of few rows feels more than the rows.
"""

import re
from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple, TypeAlias

from humidor_common.db.pool import Connection

Part: TypeAlias = tuple[str, str]
_PARAMETER = re.compile(r"\$(\d+)")


class Write(NamedTuple):
    """A write to tables of its own.

    Args:
        parts: Constant statements, by the names under which they stand in `WITH`. Those of writes that go
            together have different names and change different rows.
        arguments: `$1`, `$2`, … of its parts.
    """

    parts: tuple[Part, ...]
    arguments: tuple[Any, ...]


async def write_together(conn: Connection, writes: Sequence[Write]) -> None:
    """Do the writes by one statement; none of them sees what another one changes."""
    if writes:
        statement = _compose(tuple((write.parts, len(write.arguments)) for write in writes))
        await conn.execute(statement, *(value for write in writes for value in write.arguments))


@cache
def _compose(writes: tuple[tuple[tuple[Part, ...], int], ...]) -> str:
    """Put the parts behind each other, with the numbers of their parameters moved on."""
    texts = []
    before = 0
    for parts, count in writes:
        texts += [f"{name} AS ({_moved_on(text, before)})" for name, text in parts]
        before += count
    return f"WITH {', '.join(texts)} SELECT"


def _moved_on(text: str, by: int) -> str:
    return _PARAMETER.sub(lambda found: f"${int(found[1]) + by}", text)
