"""Server-sent events as bytes, and the ids by which a stream goes on where it was cut: plain values."""

from collections.abc import Sequence

import msgspec

CHUNK_ITEMS = 200
_encode = msgspec.json.Encoder().encode

HEARTBEAT = b": still here\n\n"
RETRY = b"retry: 2000\n\n"


def frame(event: str, document: object, event_id: str | None = None) -> bytes:
    """Write one event; JSON has no line breaks, so one `data:` line holds it."""
    head = b"" if event_id is None else b"id: %b\n" % event_id.encode()
    return b"%bevent: %b\ndata: %b\n\n" % (head, event.encode(), _encode(document))


def frames(event: str, items: Sequence[object], event_id: str, **more: object) -> list[bytes]:
    """Write items as events of at most `CHUNK_ITEMS`.

    Only the last has the id: whoever is cut off before it gets all of them again.
    """
    parts = [items[i : i + CHUNK_ITEMS] for i in range(0, len(items), CHUNK_ITEMS)] or [[]]
    last = len(parts) - 1
    return [
        frame(event, {"items": part, "complete": n == last, **more}, event_id if n == last else None)
        for n, part in enumerate(parts)
    ]


def event_id(epoch: str, number: int) -> str:
    return f"{epoch}-{number}"


def resumable(last_event_id: str | None, epoch: str) -> int | None:
    """Read up to which change a reader has seen this process's stream; None where it was another's.

    Of epoch `a1b2` the id `a1b2-17` gives 17, and `c3d4-17`, `17` or nothing give None.
    """
    theirs, _, number = (last_event_id or "").rpartition("-")
    if theirs != epoch or not (number.isascii() and number.isdigit() and len(number) < 20):
        return None
    return int(number)
