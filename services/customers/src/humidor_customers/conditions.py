"""Builds the WHERE of a list from just the filters that are asked for, so that each finds its index."""

from typing import Any


class Conditions:
    """Conditions that all have to hold; each `?` stands for the next of its values."""

    def __init__(self) -> None:
        self.arguments: list[Any] = []
        self._conditions: list[str] = []

    def where(self, condition: str, *values: Any) -> None:
        for value in values:
            self.arguments.append(value)
            condition = condition.replace("?", f"${len(self.arguments)}", 1)
        self._conditions.append(f"({condition})")

    @property
    def sql(self) -> str:
        return " AND ".join(self._conditions)
