"""For tests: how the database would answer a statement of ours."""

from collections.abc import Sequence
from typing import Any


class Explaining:
    """A connection that explains what it is asked instead of answering."""

    def __init__(self, conn: Any) -> None:
        self._conn = conn
        self.plan = ""

    async def fetch(self, statement: str, *values: Any) -> Sequence[Any]:
        rows = await self._conn.fetch(f"EXPLAIN {statement}", *values)
        self.plan = "\n".join(row[0] for row in rows)
        return []

    async def execute(self, statement: str, *values: Any) -> None:
        await self.fetch(statement, *values)

    async def fetchrow(self, statement: str, *values: Any) -> None:
        await self.fetch(statement, *values)
