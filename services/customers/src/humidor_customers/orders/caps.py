"""What the published supply strategy lets customers order; `allocation` answers."""

from collections.abc import Mapping, Sequence
from typing import Protocol
from uuid import UUID

from humidor_common.db.pool import Connection


class Caps(Protocol):
    """What customers may order in a cycle, in sticks; None is no cap."""

    @property
    def segment_of(self) -> Mapping[str, str]: ...

    def of_product(self, retailer_id: str, gtin: str) -> int | None: ...

    def of_segment(self, retailer_id: str, price_segment: str) -> int | None: ...


class NoCaps:
    """Nothing is capped."""

    segment_of: Mapping[str, str] = {}

    def of_product(self, retailer_id: str, gtin: str) -> int | None: ...

    def of_segment(self, retailer_id: str, price_segment: str) -> int | None: ...


async def caps_of(_: Connection, _cycle_id: UUID, _retailer_ids: Sequence[str]) -> Caps:
    return NoCaps()
