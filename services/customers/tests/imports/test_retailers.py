"""Trade customers and licence checks out of files: every mistake by row and column, all or nothing."""

import csv
import io
from itertools import product
from typing import Any

from humidor_common.events.customers import RetailerChanged
from humidor_common.testing.workbooks import content, workbook
from humidor_customers.testing.desk import Desk, licence

HEAD = "客户编码,客户名称,许可证号,状态,业态,市场类型,商圈,联系人,联系电话,标签"


async def send(
    desk: Desk,
    file: bytes | str,
    *,
    kind: str = "retailers",
    dry_run: bool = True,
    expect: int = 200,
    auth: dict[str, str] | None = None,
) -> Any:
    params = {"kind": kind, "dry_run": str(dry_run).lower()}
    headers = {"Content-Type": "text/csv"} | (auth or {})
    body = file if isinstance(file, bytes) else file.encode()
    return await desk.ask("POST", "/v1/imports", params=params, content=body, headers=headers, expect=expect)


def counts(report: Any) -> tuple[int, int, int]:
    return report["created"], report["changed"], report["unchanged"]


async def test_a_wholesalers_file_in_gbk_or_utf8_comes_in_and_again_changes_nothing(desk: Desk) -> None:
    await desk.put("C2", name="旧名", sales_line="L7", tags=["old"])
    file = "\r\n".join(
        [
            HEAD,
            "C1,城南便利店,001101200001,正常,便利店,城镇,A,王芳,13812345678,key;sample",
            f"C2,新名,{licence(2)},正常,食杂店,乡村,A,,,old",
            "C3,北山,,潜在,其他,城镇,,,,",
        ]
    )
    for encoding in ("gb18030", "utf-8-sig"):
        report = await send(desk, file.encode(encoding))
        assert (counts(report), report["errors"], report["written"]) == ((2, 1, 0), [], False)
    assert await desk.ids() == ["C2"]
    written = await send(desk, file.encode("gb18030"), dry_run=False)
    assert (counts(written), written["written"]) == ((2, 1, 0), True)
    first, second = await desk.get("C1"), await desk.get("C2")
    assert (first["licence_number"], first["business_format"]) == ("001101200001", "convenience")
    assert (first["contacts"][0]["phone"], first["tags"]) == ("13812345678", ["key", "sample"])
    assert (second["name"], second["market_type"], second["sales_line"]) == ("新名", "rural", "L7")
    again = await send(desk, file.encode("utf-8-sig"), dry_run=False)
    assert counts(again) == (0, 0, 3)
    assert len(await desk.told(RetailerChanged.TYPE)) == 4
    assert (await desk.trail("retailer", "C1")) == [("create", "import")]


async def test_every_mistake_is_listed_by_row_and_column_in_both_languages(desk: Desk) -> None:
    await desk.put("C9", licence_number=licence(9))
    await desk.put("C8", licence_number=licence(8))
    check = {"status": "suspended", "source": "bureau"}
    await desk.ask("POST", "/v1/retailers/C8/licence-checks", json=check, expect=201)
    file = "\n".join(
        [
            "客户编码,客户名称,许可证号,客户状态,业态,上级客户编码,门店编号,联系电话",
            "C1,甲,1.1E+11,正常,便利店,,,",
            f"C2,乙,{licence(9)},正常,夜店,,,",
            f"C3,丙,{licence(9)},正常,便利店,C0,S9999,",
            f"C4,丁,{licence(4)},正常,便利店,C5,,13812345678",
            f"C5,戊,{licence(5)},正常,便利店,C6,,",
            f"C6,己,{licence(5)},正常,便利店,C5,,",
            "C7,庚,110101300001,正常,便利店,,,",
            "C8,辛,,注销,便利店,,,",
        ]
    )
    report = await send(desk, file)
    found = {(each["row"], each["column"], each["code"]) for each in report["errors"]}
    assert found >= {
        (2, "许可证号", "number-rounded"),
        (3, "业态", "not-a-choice"),
        (4, "许可证号", "invalid"),
        (4, "上级客户编码", "invalid"),
        (4, "门店编号", "invalid"),
        (6, "许可证号", "invalid"),
        (6, "上级客户编码", "invalid"),
        (7, "许可证号", "invalid"),
        (7, "上级客户编码", "invalid"),
        (9, "许可证号", "invalid"),
    }
    assert {row for row, _, _ in found} == {2, 3, 4, 5, 6, 7, 9}
    assert all(any(c > "\u4e00" for c in each["message_zh"]) for each in report["errors"])
    unusual = [(each["row"], each["code"]) for each in report["warnings"]]
    assert unusual == [(8, "unusual-licence")]
    refused = await send(desk, file, dry_run=False, expect=422)
    assert refused["code"] == "file-refused"
    assert await desk.ids() == ["C8", "C9"]


async def test_what_only_the_writing_finds_keeps_all_out(desk: Desk) -> None:
    file = f"retailer_id,name,licence,store_ids\nC1,a,{licence(1)},S0001\nC2,b,{licence(2)},S0001\n"
    report = await send(desk, file, dry_run=False, expect=422)
    assert [(e["row"], e["column"], e["message_zh"]) for e in report["report"]["errors"]] == [
        (2, "store_ids", "S0001 已属于客户 C2"),
        (3, "store_ids", "S0001 已属于客户 C1"),
    ]
    assert await desk.ids() == []


async def test_licences_change_hands_within_one_file(desk: Desk) -> None:
    await desk.put("C1")
    await desk.put("C2")
    file = f"retailer_id,name,licence\nC1,a,{licence(2)}\nC2,b,{licence(1)}\n"
    assert (await send(desk, file, dry_run=False))["changed"] == 2
    assert [(await desk.get(each))["licence_number"] for each in ("C1", "C2")] == [licence(2), licence(1)]


async def test_a_list_of_the_authority_suspends_licences(desk: Desk) -> None:
    await desk.put("C1")
    await desk.put("C2")
    file = f"许可证号,状态,来源,原因\n{licence(1)},停业整顿,烟草专卖局,假烟\n{licence(2)},正常,烟草专卖局,\n"
    unknown = await send(desk, file + f"{licence(7)},吊销,x,\n", kind="licence-checks")
    assert [(e["row"], e["code"]) for e in unknown["errors"]] == [(4, "unknown-licence")]
    report = await send(desk, file, kind="licence-checks", dry_run=False)
    assert counts(report) == (2, 0, 0)
    assert [(await desk.get(each))["licence_state"] for each in ("C1", "C2")] == ["suspended", "active"]
    assert (await desk.trail("retailer", "C1"))[-1] == ("check_licence", "烟草专卖局: 假烟")
    assert counts(await send(desk, file, kind="licence-checks", dry_run=False)) == (0, 0, 2)


async def test_an_export_comes_in_as_the_same_customers_and_a_workbook_too(desk: Desk) -> None:
    for n, name in enumerate(["=1+1", "a;b", "'quoted", "中文"], 1):
        contacts = [{"name": name, "phone": "13812345678"}, {"name": "second"}]
        await desk.put(f"C{n}", name=name, contacts=contacts, tags=["x", "y"], store_ids=[f"S000{n}"])
    for form in ("csv", "xlsx"):
        answer = await desk.client.get(f"/v1/retailers?format={form}", headers=desk.auth())
        report = await send(desk, answer.content)
        assert (counts(report), report["errors"]) == ((0, 0, 4), [])
    rows = list(csv.reader(io.StringIO((await _csv(desk)).decode("utf-8-sig"))))
    assert len(rows) == 5
    made = content(workbook(("客户编码", "客户名称", "许可证号"), ("C9", "九", licence(9))))
    assert counts(await send(desk, made, dry_run=False)) == (1, 0, 0)
    found = await desk.get("C1")
    assert [each["name"] for each in found["contacts"]] == ["=1+1", "second"]


async def _csv(desk: Desk) -> bytes:
    return (await desk.client.get("/v1/retailers?format=csv", headers=desk.auth())).content


async def test_templates_can_be_sent_back_and_only_callers_of_every_store_import(desk: Desk) -> None:
    for suffix, lang in product(("csv", "xlsx"), ("en", "zh")):
        answer = await desk.client.get(
            f"/v1/imports/templates/retailers.{suffix}?lang={lang}", headers=desk.auth("auditor")
        )
        report = await send(desk, answer.content)
        assert (report["errors"], report["rows"]) == ([], 1)
    kinds = (await desk.ask("GET", "/v1/imports/kinds"))["kinds"]
    assert [each["kind"] for each in kinds][:2] == ["retailers", "licence-checks"]
    file = f"retailer_id,name,licence\nC1,a,{licence(1)}\n"
    bound = desk.auth("manager", stores=["S0001"])
    assert (await send(desk, file, auth=bound, expect=403))["code"] == "store-forbidden"
    assert (await send(desk, file, auth=desk.auth("auditor"), expect=403))["code"] == "scope-missing"
