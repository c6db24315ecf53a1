"""The trade's workbook: totals by segment, caps by product, tiers as numbers or as an export's ids."""

from typing import Any

from humidor_common.testing.workbooks import content, text_cell, with_sheet, workbook
from humidor_customers.imports.strategy_workbook import MOST_ROWS, read_workbook
from humidor_customers.testing.desk import Desk
from humidor_customers.testing.supply import make_cycle, make_scheme, make_strategy

IDS = tuple(f"{tier:032d}" for tier in (1, 2, 3))
SEGMENTS = (("第48周投放策略",), ("段位", 1, 2, 3), ("200-300", 5, 10, 20), ("100-200", None, 8, None))
PRODUCTS = (
    ("卷烟编码", "卷烟名称", "投放模式", "投放对象", "段位", "批发价", *IDS),
    ("6901028000001", "紧俏", "按档位", None, "200-300", 212.0, None, 2, 6),
    ("6901028000001", "紧俏", "市场类型", "农网", "200-300", 212.0, 0, 1, 3),
    ("6901028000002", "顺销", "选点", "C1；C2", "100-200", 130, 4, 4, 4),
)
NOTES = (("说明", "x"), ("本周", "y"))


async def send(desk: Desk, strategy: Any, file: bytes, *, dry_run: bool = True, expect: int = 200) -> Any:
    return await desk.ask(
        "POST",
        f"/v1/imports/strategies/{strategy['strategy_id']}?dry_run={str(dry_run).lower()}",
        content=file,
        headers={"Content-Type": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
        expect=expect,
    )


async def draft(desk: Desk) -> Any:
    await desk.put("C1")
    await desk.put("C2")
    await make_scheme(desk)
    return await make_strategy(desk, await make_cycle(desk, "W48", 3), [])


async def test_the_weeks_workbook_becomes_the_lines_of_a_draft(desk: Desk) -> None:
    strategy = await draft(desk)
    file = content(workbook(*SEGMENTS, 紧俏=PRODUCTS, 说明=NOTES))
    tried = await send(desk, strategy, file)
    assert tried["errors"] == []
    assert [(each["about"], each["lines"]) for each in tried["sheets"]] == [
        ("segments", 2),
        ("products", 3),
        ("ignored", 0),
    ]
    assert {each["code"] for each in tried["warnings"]} == {"unknown-product"}
    lines = f"/v1/strategies/{strategy['strategy_id']}/lines"
    assert (await desk.ask("GET", lines))["items"] == [], "a dry run writes nothing"
    done = await send(desk, strategy, file, dry_run=False)
    assert (done["written"], done["lines"]) == (True, 5)
    found = (await desk.ask("GET", lines))["items"]
    assert [(each["code"], each["mode"], each["audience"], each["caps_sticks"]) for each in found] == [
        ("200-300", "all", [], [1000, 2000, 4000]),
        ("100-200", "all", [], [None, 1600, None]),
        ("06901028000001", "all", [], [0, 400, 1200]),
        ("06901028000001", "market_type", ["rural"], [0, 200, 600]),
        ("06901028000002", "retailer", ["C1", "C2"], [800, 800, 800]),
    ]


async def test_every_mistake_is_listed_by_sheet_and_row_and_nothing_is_written(desk: Desk) -> None:
    strategy = await draft(desk)
    head, *rows = PRODUCTS
    sheet = (
        (*head, "最低订购量"),
        (*rows[0][:6], "two", 2, 6),
        ("6901028000009", "x", "按心情", None, "1", 1, 1, 1, 1),
        ("6901028000009", "x", "选点", "C404", "1", 1, 1, 1, 1),
        ("6901028000009", "x", "按档位", None, "2", 1, -1, 1, 1),
        ("12", "x", "按档位", None, "2", 1, 1, 1, 1),
        (None, "x", "按档位", None, "2", 1, 1, 1, 1),
    )
    few = (("段位", 1, 2), ("200-300", 5, 10))
    refused = await send(desk, strategy, content(workbook(*few, 投放=sheet)), dry_run=False, expect=422)
    found = {(each["sheet"], each["row"], each["code"]) for each in refused["report"]["errors"]}
    assert found >= {
        ("data", 1, "wrong-tiers"),
        ("投放", 1, "quota-forbidden"),
        ("投放", 2, "not-a-whole-number"),
        ("投放", 3, "not-a-choice"),
        ("投放", 4, "invalid"),
        ("投放", 5, "invalid"),
        ("投放", 6, "invalid"),
        ("投放", 7, "invalid"),
    }
    assert (await desk.ask("GET", f"/v1/strategies/{strategy['strategy_id']}"))["lines"] == 0
    for file, code in ((b"a,b\n1,2", "no-workbook"), (content(workbook(("x", "y"))), "no-rows")):
        report = await send(desk, strategy, file)
        assert [each["code"] for each in report["errors"]] == [code]


async def test_a_sheet_of_too_many_rows_below_a_title_is_refused_and_no_row_is_lost() -> None:
    head = text_cell("A1", "第48周"), text_cell("A2", "段位") + text_cell("B2", "1")

    def file(rows: int) -> bytes:
        body = [f"{text_cell(f'A{n}', f's{n}')}<c r='B{n}'><v>{n}</v></c>" for n in range(3, rows + 3)]
        cells = enumerate([*head, *body], 1)
        return with_sheet("".join(f'<row r="{n}">{each}</row>' for n, each in cells))

    whole = await read_workbook(file(MOST_ROWS), 1)
    assert (len(whole.lines), whole.errors) == (MOST_ROWS, [])
    more = await read_workbook(file(MOST_ROWS + 1), 1)
    assert [(each.mistake.row, each.mistake.code) for each in more.errors] == [(5003, "too-many-rows")]
