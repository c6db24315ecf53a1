from collections.abc import Callable
from uuid import UUID, uuid4

import pytest

from humidor_common.clock import utc_now
from humidor_common.events.pos import SaleLine, SaleRecorded

MakeSale = Callable[..., SaleRecorded]


@pytest.fixture
def make_sale() -> MakeSale:
    def make(
        *, store_id: str = "S0001", quantity: int = 1, total: int = 2500, sale_id: UUID | None = None
    ) -> SaleRecorded:
        now = utc_now()
        return SaleRecorded(
            sale_id=sale_id or uuid4(),
            store_id=store_id,
            terminal_id="T1",
            sold_at=now,
            recorded_at=now,
            currency="CNY",
            total=total,
            lines=[SaleLine(line=1, gtin="06901028001236", quantity=quantity, unit="pack", unit_price=2500)],
            payments=[],
        )

    return make
