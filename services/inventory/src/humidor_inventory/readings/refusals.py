"""Keeps count of what was refused, where operators see it."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Literal

import msgspec

from humidor_common.db.pool import Connection
from humidor_inventory.readings import queries

Channel = Literal["http", "mqtt"]
SAMPLE_CHARACTERS = 200


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """What is noted of a reading or a payload that was not taken."""

    store_id: str = ""
    device_id: str = ""
    code: str
    detail: str
    sample: str = ""


async def note_refusals(
    conn: Connection, refusals: Sequence[Refusal], *, channel: Channel, now: datetime
) -> None:
    """Count what was refused where operators see it, with the last of each kind as a sample."""
    if not refusals:
        return
    counted = Counter((each.store_id, each.device_id, each.code) for each in refusals)
    last = {(each.store_id, each.device_id, each.code): each for each in refusals}
    rows = [
        (store_id, device_id, channel, code, count, _text(each.detail), _text(each.sample))
        for (store_id, device_id, code), count in sorted(counted.items())
        for each in [last[store_id, device_id, code]]
    ]
    await conn.execute(queries.REFUSED, rows, now)


def _text(text: str) -> str:
    """Keep the beginning of what may be anything, in what the database can hold."""
    kept = text[:SAMPLE_CHARACTERS].replace("\x00", "\ufffd")
    return kept.encode("utf-8", "replace").decode()
