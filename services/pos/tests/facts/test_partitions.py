from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from humidor_pos.facts import partitions
from humidor_pos.facts.partitions import first_of_month, keep_partitions
from humidor_pos.sales.queries import SaleFilter, list_statement

Make = Callable[..., Any]


@given(st.dates(date(1990, 1, 1), date(2100, 1, 1)), st.integers(-40, 40))
def test_months_follow_each_other(day: date, offset: int) -> None:
    month = first_of_month(day, plus_months=offset)
    assert month.day == 1
    assert first_of_month(month + timedelta(days=31)) == first_of_month(day, plus_months=offset + 1)


async def test_months_are_made_ahead_and_only_once(pos: Any) -> None:
    now = datetime(2031, 12, 15, tzinfo=UTC)
    async with pos.runtime.pool.acquire() as conn:
        made = await keep_partitions(conn, now)
        assert [name for name in made if name.startswith("sales_")] == [
            f"sales_{month}" for month in ("2031_11", "2031_12", "2032_01", "2032_02", "2032_03")
        ]
        assert await keep_partitions(conn, now) == []


async def test_a_month_that_really_happened_moves_out_of_the_default(
    pos: Any, till: Any, a_sale: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    sales = [a_sale(lines=1, sold_at=f"2011-05-{day:02}T10:00:00Z") for day in range(1, 6)]
    sales.append(a_sale(lines=1, sold_at="2009-01-01T10:00:00Z"))
    await till.post("/v1/sales:batch", {"sales": sales})
    monkeypatch.setattr(partitions, "MOVE_AT_ROWS", 5)
    async with pos.runtime.pool.acquire() as conn:
        assert set(await keep_partitions(conn, datetime.now(UTC))) == {"sales_2011_05", "sale_lines_2011_05"}
    assert await pos.value("SELECT count(*) FROM sales_2011_05") == 5
    assert await pos.value("SELECT count(*) FROM sales_default") == 1
    assert await pos.value("SELECT count(*) FROM sales") == 6
    again = await till.post("/v1/sales:batch", {"sales": [*sales, a_sale(sold_at="2011-05-31T23:59:59Z")]})
    assert [result["status"] for result in again.json()["results"]] == ["duplicate"] * 6 + ["accepted"]
    assert await pos.value("SELECT count(*) FROM sales_2011_05") == 6
    assert len((await pos.get(f"/v1/sales/{sales[0]['sale_id']}"))["lines"]) == 1


async def plan_of(pos: Any, sql: str, values: list[Any]) -> str:
    async with pos.runtime.pool.acquire() as conn, conn.transaction():
        await conn.execute("SET LOCAL enable_seqscan = off")
        return "\n".join(row[0] for row in await conn.fetch(f"EXPLAIN {sql}", *values))


async def test_a_list_of_sales_reaches_its_months_by_an_index(pos: Any) -> None:
    now = datetime.now(UTC)
    month = datetime.combine(first_of_month(now.date()), datetime.min.time(), UTC)
    wanted = SaleFilter(store_id="S0001", since=month, until=month + timedelta(days=28))
    plan = await plan_of(pos, *list_statement(wanted, None, 100))
    this_month = f"sales_{month:%Y_%m}"
    assert f"using {this_month}_pkey" in plan
    assert "Seq Scan on sales" not in plan
    assert f"sales_{first_of_month(now.date(), plus_months=1):%Y_%m}" not in plan
    assert "sales_default" not in plan
    by_gtin = SaleFilter(
        store_id="S0001", since=month, until=month + timedelta(days=28), gtin="06901028001236"
    )
    plan = await plan_of(pos, *list_statement(by_gtin, (now, "0" * 32), 100))  # type: ignore[arg-type]
    assert "Seq Scan on sale_lines" not in plan


async def test_a_member_is_found_by_an_index(pos: Any) -> None:
    since = datetime.now(UTC) - timedelta(days=1)
    plan = await plan_of(
        pos, *list_statement(SaleFilter(store_id="S0001", since=since, member_id="M"), None, 9)
    )
    assert "member_id_sold_at_idx" in plan or "pkey" in plan
    assert "Seq Scan on sales" not in plan
