"""Lets a process hear which stores' balances it has changed, once that is committed."""

from collections.abc import Callable, Collection

from humidor_common.db.transaction import on_commit

Hear = Callable[[Collection[str]], None]

_listeners: list[Hear] = []


def listen(hear: Hear) -> None:
    _listeners.append(hear)


def unlisten(hear: Hear) -> None:
    _listeners.remove(hear)


def note_change(store_ids: Collection[str]) -> None:
    """Say what the transaction under way changes; nobody hears of one that is rolled back."""
    if _listeners:
        on_commit(lambda: _tell(store_ids))


def _tell(store_ids: Collection[str]) -> None:
    for hear in _listeners:
        hear(store_ids)
