"""How calculations say how far they are, and hear that nobody waits for them."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeAlias, TypeVar

Heard: TypeAlias = Callable[[float], None]
"""Takes the share of a calculation that is done, 0 to 1; it may raise, which ends the calculation."""

_EVERY = 4096

T = TypeVar("T")


def unheard(_share: float) -> None:
    """Take a share that nobody asked for."""


def part(heard: Heard, begin: float, end: float) -> Heard:
    """Give what hears a part of a calculation, which is that from one share of the whole to another."""
    return lambda share: heard(begin + (end - begin) * share)


def counted(items: Iterable[T], count: int, heard: Heard) -> Iterator[T]:
    """Pass so many items on and say, every few thousand, which share of them was."""
    for n, item in enumerate(items):
        if n % _EVERY == 0:
            heard(n / count)
        yield item
