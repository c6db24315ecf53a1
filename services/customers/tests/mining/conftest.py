from datetime import date, timedelta

import pytest

from humidor_customers.testing.desk import Desk
from humidor_customers.testing.selling import Sold, know, sale, sell


@pytest.fixture
async def shop(desk: Desk) -> Desk:
    """Forty members who buy once a month: even ones Harbour in the evening, odd ones River at noon.

    From September on the odd ones take Harbour. Even ones buy 4 (Reef) beside it, half of the odd ones 5
    (Lake).
    """
    await know(
        desk,
        p1=("Harbour", "North", "1"),
        p3=("River", "South", "2"),
        p4=("Reef", "North", "1"),
        p5=("Lake", "South", "2"),
    )
    sales = []
    for month in range(6, 11):
        for member in range(40):
            even = member % 2 == 0
            day = date(2026, month, 1) + timedelta(days=member % 25)
            bought: Sold = [(1, 2, 2500)] if even or month >= 9 else [(3, 2, 1000)]
            bought = (
                [*bought, (4, 1, 1500)] if even else [*bought, (5, 1, 500)] if member % 4 == 1 else bought
            )
            sales.append(sale("S0001", f"{day} {'18' if even else '12'}:30", bought, member=f"M{member:02d}"))
    await sell(desk, *sales)
    return desk
