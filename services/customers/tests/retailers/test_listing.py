"""Lists by every filter, page by page, and the indexes they find."""

import csv
import io
from datetime import UTC, datetime

import pytest

from humidor_common.db.pool import Connection
from humidor_customers.retailers.listing import Filters, build
from humidor_customers.retailers.rules import licence_state
from humidor_customers.testing.desk import Desk, licence


async def test_customers_are_found_by_what_they_are_and_by_beginnings(desk: Desk) -> None:
    await desk.put("C1", name="城南便利店", trade_area="A", tags=["key"], store_ids=["S0001"])
    await desk.put("C2", name="城南 二店", sales_line="L1", business_format="mall", market_type="rural")
    await desk.put("C3", name="ＥＡＳＴ gate", compliance_grade="B", licence_number="009901200001")
    await desk.put("C4", name="%east_", state="prospect")
    for filters, ids in (
        ({"name": "城南"}, ["C1", "C2"]),
        ({"name": "East G"}, ["C3"]),
        ({"name": "%"}, ["C4"]),
        ({"licence": "0099"}, ["C3"]),
        ({"licence": licence(1)}, ["C1"]),
        ({"trade_area": "A"}, ["C1"]),
        ({"tag": "key"}, ["C1"]),
        ({"store_id": "S0001"}, ["C1"]),
        ({"business_format": "mall", "market_type": "rural", "sales_line": "L1"}, ["C2"]),
        ({"compliance_grade": "B"}, ["C3"]),
        ({"state": "prospect"}, ["C4"]),
        ({"state": "prospect", "name": "城南"}, []),
    ):
        assert await desk.ids(**filters) == ids, filters
    for wrong in ({"licence": "12x"}, {"state": "dead"}, {"name": ""}, {"licence_state": "old"}):
        await desk.ask("GET", "/v1/retailers", params=wrong, expect=422)


async def test_pages_hold_every_customer_once_and_a_file_holds_them_all(desk: Desk) -> None:
    for n in range(1, 6):
        await desk.put(f"C{n}")
    seen: list[str] = []
    cursor = ""
    while True:
        page = await desk.ask("GET", f"/v1/retailers?limit=2{cursor}")
        seen += [each["retailer_id"] for each in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert seen == ["C1", "C2", "C3", "C4", "C5"]
    answer = await desk.client.get("/v1/retailers?format=csv", headers=desk.auth())
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [row["retailer_id"] for row in rows] == seen
    assert rows[0]["licence_number"].lstrip("'") == licence(1)


async def test_the_state_of_a_licence_goes_by_the_customers_own_date_in_lists_too(desk: Desk) -> None:
    zones = ("Pacific/Kiritimati", "Asia/Shanghai", "Pacific/Pago_Pago")
    days = (None, "2026-11-25", "2026-11-26", "2026-11-27")
    n = 0
    for zone in zones:
        for begin in (None, "2026-11-26"):
            for end in days:
                n += 1
                if begin and end and end < begin:
                    continue
                await desk.put(f"C{n:02d}", time_zone=zone, licence_valid_from=begin, licence_valid_until=end)
    await desk.put("C90", state="prospect", licence_number=None)
    await desk.runtime.pool.execute(
        "UPDATE retailers SET licence_status = 'suspended' WHERE retailer_id < 'C05'"
    )
    await desk.runtime.pool.execute(
        "UPDATE retailers SET licence_status = 'revoked' WHERE retailer_id = 'C08'"
    )
    now = datetime(2026, 11, 26, 10, 30, tzinfo=UTC)
    rows = await desk.runtime.pool.fetch(
        "SELECT *, ($1::timestamptz AT TIME ZONE time_zone)::date AS today FROM retailers", now
    )
    for state in ("none", "not_yet_valid", "active", "suspended", "revoked", "expired"):
        filters = Filters(licence_state=state)
        async with desk.runtime.pool.acquire() as conn:
            statement, arguments = await build(conn, filters, None, now=now, after="", limit=100)
            found = {row["retailer_id"] for row in await conn.fetch(statement, *arguments)}
        assert found == {
            row["retailer_id"]
            for row in rows
            if licence_state(
                row["licence_status"], row["licence_valid_from"], row["licence_valid_until"], row["today"]
            )
            == state
        }
        assert found


_MANY = """
INSERT INTO retailers (retailer_id, name, search_name, name_key, state, licence_number, licence_status,
    licence_valid_until, time_zone, business_format, market_type, trade_area, sales_line, contacts,
    phone_keys, tags, custom, version, created_at, changed_at)
SELECT 'C' || lpad(n::text, 6, '0'), 'Shop ' || n, 'shop' || n, 'k' || n, 'active', lpad(n::text, 12, '0'),
    'active', DATE '2026-01-01' + n % 3000, 'Asia/Shanghai', 'grocery', 'urban', 'A' || n % 300,
    'L' || n % 300,
    '[]', '{}', ARRAY['t' || n % 500], jsonb_build_object('shelf', n % 1000), 1, now(), now()
FROM generate_series(1, 20000) n
"""


async def plan(conn: Connection, filters: Filters) -> str:
    now = datetime(2026, 2, 1, tzinfo=UTC)
    statement, arguments = await build(conn, filters, None, now=now, after="", limit=101)
    rows = await conn.fetch(f"EXPLAIN {statement}", *arguments)
    return "\n".join(row[0] for row in rows)


async def test_every_narrow_filter_finds_its_index(desk: Desk) -> None:
    await desk.ask("PUT", "/v1/custom-fields/shelf", json={"label": "Shelf", "kind": "number"}, expect=201)
    async with desk.runtime.pool.acquire() as conn:
        await conn.execute(_MANY)
        await conn.execute("ANALYZE retailers")
        for filters, index in (
            (Filters(licence="0000000123"), "ix_retailers_licence"),
            (Filters(name="shop 1234"), "ix_retailers_search_name"),
            (Filters(licence_state="expired"), "ix_retailers_licence_valid_until"),
            (Filters(trade_area="A7"), "ix_retailers_trade_area"),
            (Filters(sales_line="L7"), "ix_retailers_sales_line"),
            (Filters(tag="t7"), "ix_retailers_tags"),
            (Filters(custom="shelf=7"), "ix_retailers_custom"),
            (Filters(), "pk_retailers"),
        ):
            found = await plan(conn, filters)
            assert index in found, (filters, found)
            assert "Seq Scan on retailers" not in found


@pytest.mark.parametrize("cursor", ["x", "W10", "WyJcdTAwMDAiXQ"])
async def test_a_cursor_of_somebody_else_is_refused(desk: Desk, cursor: str) -> None:
    problem = await desk.ask("GET", "/v1/retailers", params={"cursor": cursor}, expect=422)
    assert problem["errors"][0]["field"] == "cursor"
